//! What a study may take out: words of a text by `cleaning`, copies of a text by `duplicates`.

use predicates::prelude::*;
use predicates::str::contains;
use records::Split;
use records::shards::{Duplicates, Example, Manifest};
use tokens::TextTokenizer;

use crate::workplace::Workplace;

const REVIEWS: &str = include_str!("../data/reviews.jsonl");
const JSONL: &str = "dataset = \"jsonl\"\nmax_seq_length = 24\nvalidation = 0\ntest = 0";
const ALL: &str = "cleaning = [\"stem\", \"punctuation\", \"stop-words\", \"case\"]";

/// `prep` of JSON Lines; what it says, and the shards are in `out`.
fn prep(workplace: &Workplace, lines: &str) -> String {
    let output = workplace.prep().write_stdin(lines).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

fn manifest(workplace: &Workplace) -> Manifest {
    Manifest::read(&workplace.path("out")).unwrap().0
}

fn examples(workplace: &Workplace, split: Split) -> Vec<Example> {
    manifest(workplace).examples(&workplace.path("out"), split).unwrap()
}

fn ids(workplace: &Workplace, split: Split) -> Vec<String> {
    examples(workplace, split).into_iter().map(|example| example.id).collect()
}

/// The id's last letter gives the class, so that train has both.
fn line(id: &str, split: &str, text: &str) -> String {
    let label = id.as_bytes()[id.len() - 1] % 2;
    format!("{{\"id\":\"{id}\",\"split\":\"{split}\",\"label\":{label},\"text\":\"{text}\"}}\n")
}

#[test]
fn cleaned_shards_have_the_ids_that_a_single_text_gets_with_their_manifest() {
    let (cleaned, plain) = (Workplace::new(&format!("{JSONL}\n{ALL}")), Workplace::new(JSONL));
    prep(&cleaned, REVIEWS);
    prep(&plain, REVIEWS);
    assert_eq!(serde_json::to_value(manifest(&cleaned).data).unwrap()["cleaning"].as_array().unwrap().len(), 4);
    let tokenizer = TextTokenizer::load(&cleaned.path("models/tiny"), &manifest(&cleaned).data).unwrap();
    let texts = REVIEWS.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let single: Vec<_> = texts.map(|line| tokenizer.ids(line["text"].as_str().unwrap()).unwrap().input_ids).collect();
    let shards = |workplace| examples(workplace, Split::Train).into_iter().map(|e| e.input_ids).collect::<Vec<_>>();
    assert_eq!(shards(&cleaned), single);
    assert_ne!(shards(&plain), single);
}

#[test]
fn a_cleaned_text_has_the_ids_of_the_text_cleaned_by_hand() {
    let written = line("a", "train", "The FILMS of two brothers:<br /><br />don't watch it, too honest (10/10)!");
    let by_hand = line("a", "train", "film two brother dont watch honest 1010");
    let ids = |data: &str, lines: &str| {
        let workplace = Workplace::new(data);
        prep(&workplace, &(lines.to_owned() + &line("b", "train", "other")));
        examples(&workplace, Split::Train).remove(0).input_ids
    };
    assert_eq!(ids(&format!("{JSONL}\n{ALL}"), &written), ids(JSONL, &by_hand));
}

/// Of train `a` is in test, `b` is there three times; of test `a` is there twice.
fn with_copies() -> String {
    let train = [("t0", "a"), ("t3", "b"), ("t2", "b"), ("t1", "b"), ("t4", "c"), ("t5", "B")];
    let test = [("u1", "a"), ("u0", "a"), ("u2", "d")];
    let lines = |split, of: &[(&str, &str)]| of.iter().map(|(id, text)| line(id, split, text)).collect::<String>();
    lines("train", &train) + &lines("test", &test)
}

#[test]
fn copies_are_left_out_if_asked_and_counted_either_way() {
    let counted = Duplicates { within_train: 2, within_test: 1, across: 1 };
    let keep = Workplace::new(JSONL);
    let says = contains("6 train, 3 test").and(contains("2 in train, 1 in test, 1 in both; "));
    assert!(says.eval(&prep(&keep, &with_copies())));
    let leave_out = Workplace::new(&format!("{JSONL}\nduplicates = \"leave-out\""));
    let says = contains("3 train, 2 test").and(contains("2 in train, 1 in test, 1 in both, 4 reviews left out; "));
    assert!(says.eval(&prep(&leave_out, &with_copies())));
    assert_eq!([manifest(&keep).duplicates, manifest(&leave_out).duplicates], [counted.clone(), counted]);
    assert_eq!(ids(&leave_out, Split::Train), ["t1", "t4", "t5"]);
    assert_eq!(ids(&leave_out, Split::Test), ["u0", "u2"]);
}

/// 16 reviews of train, evenly from two classes; the first 8 stand in test as well.
fn half_in_test() -> String {
    let line = |split: &str, number: usize| {
        let label = number % 2;
        format!(
            "{{\"id\":\"{split}{number:02}\",\"split\":\"{split}\",\"label\":{label},\"text\":\"text {number}\"}}\n"
        )
    };
    (0..16).map(|number| line("train", number)).chain((0..8).map(|number| line("test", number))).collect()
}

#[test]
fn copies_go_before_train_is_cut_and_before_validation_is_held_out() {
    let data = |n: usize| {
        let half = JSONL.replace("validation = 0", "validation = 0.5");
        format!("{half}\nduplicates = \"leave-out\"\ntrain_examples = {n}")
    };
    let workplace = Workplace::new(&data(8));
    prep(&workplace, &half_in_test());
    let (train, held_out) = (ids(&workplace, Split::Train), ids(&workplace, Split::Validation));
    let mut used = [train, held_out.clone()].concat();
    used.sort();
    assert_eq!(used, (8..16).map(|number| format!("train{number:02}")).collect::<Vec<_>>());
    assert_eq!((held_out.len(), ids(&workplace, Split::Test).len()), (4, 8));
    let says = contains("`train_examples`: 10 need 5 of class `0`, but train has 4 of it");
    Workplace::new(&data(10)).prep().write_stdin(half_in_test()).assert().code(1).stderr(says);
}

#[test]
fn the_order_of_lines_does_not_choose_the_copy_that_stays() {
    let workplace = Workplace::new(&format!("{JSONL}\nduplicates = \"leave-out\""));
    prep(&workplace, &with_copies());
    let expected = workplace.files("out");
    let reversed: String = with_copies().lines().rev().flat_map(|line| [line, "\n"]).collect();
    prep(&workplace, &reversed);
    assert_eq!(workplace.files("out"), expected);
}

#[test]
fn a_manifest_from_before_there_was_cleaning_is_read_as_one_without() {
    let workplace = Workplace::new(JSONL);
    prep(&workplace, REVIEWS);
    let now = manifest(&workplace);
    let mut json: serde_json::Value = serde_json::from_slice(&workplace.files("out")["manifest.json"]).unwrap();
    for field in ["cleaning", "duplicates"] {
        assert!(json["data"].as_object_mut().unwrap().remove(field).is_some(), "{field}");
    }
    workplace.put("out/manifest.json", json.to_string().as_bytes());
    assert_eq!(manifest(&workplace), now);
}

#[test]
fn the_texts_of_test_stand_beside_the_shards_as_they_were_and_those_of_train_do_not() {
    let workplace = Workplace::new(&format!("{JSONL}\n{ALL}"));
    let train = line("t", "train", "secret") + &line("s", "train", "also secret");
    let lines = train.clone() + &line("u2", "test", "Second<br />  ONE ") + &line("u1", "test", "first");
    prep(&workplace, &lines);
    let texts = manifest(&workplace).texts(&workplace.path("out")).unwrap();
    let texts: Vec<_> = texts.iter().map(|text| (text.id.as_str(), text.text.as_str())).collect();
    assert_eq!(texts, [("u1", "first"), ("u2", "Second<br />  ONE ")]);
    assert_eq!(ids(&workplace, Split::Test), ["u1", "u2"]);
    assert_eq!(manifest(&workplace).texts.unwrap().examples, 2);
    assert!(workplace.files("out").values().all(|bytes| !String::from_utf8_lossy(bytes).contains("secret")));
    let first = workplace.files("out");
    prep(&workplace, &lines); // a folder that holds texts is one of ours, and is replaced
    assert_eq!(workplace.files("out"), first);
    prep(&workplace, &train);
    assert_eq!(manifest(&workplace).texts, None);
    assert!(!workplace.files("out").contains_key("texts.test.jsonl"));
}

/// `plan new` says it only where the encoder is there already.
#[test]
fn texts_that_the_vocabulary_cannot_spell_are_answered_with_a_model_of_many_languages() {
    let workplace = Workplace::new(JSONL);
    let lines = |word: &str| -> String {
        let line = |n: usize| {
            format!("{{\"split\":\"{}\",\"label\":{},\"text\":\"{word}\"}}\n", ["train", "test"][n / 2], n % 2)
        };
        (0..4).map(line).collect()
    };
    let told = prep(&workplace, &lines("слово слово"));
    let hint = "% of the tokens; for another language run `fetch model FacebookAI/xlm-roberta-base --out models`, \
                and write `encoder = \"xlm-roberta-base\"` in `x.toml`\n";
    assert!(told.contains("\nwarn: the vocabulary cannot spell 50.0 ") && told.contains(hint), "{told}");
    assert!(!prep(&workplace, &lines("a good film")).contains("cannot spell"));
}

#[test]
fn a_sample_shows_how_texts_are_read_cut_and_labelled_and_writes_nothing() {
    let workplace = Workplace::new("dataset = \"jsonl\"\nmax_seq_length = 6\ntruncation = \"head+tail\"");
    workplace.put("r.csv", b"text,label,id\n\"a good film, no more\",pos,a\nno,neg,b\na,neg,c\n");
    let before = workplace.names();
    let models = ["--definition", "x.toml", "--models", "models", "--input", "r.csv"];
    let mut prep = assert_cmd::cargo::cargo_bin_cmd!("prep");
    prep.current_dir(workplace.path("")).args(models).args(["--sample", "2"]);
    let output = prep.assert().success().stderr("").get_output().stdout.clone();
    insta::assert_snapshot!(String::from_utf8(output).unwrap());
    assert_eq!(workplace.names(), before);
    let mut none = assert_cmd::cargo::cargo_bin_cmd!("prep");
    none.current_dir(workplace.path(""))
        .args(models)
        .args(["--sample", "0"])
        .assert()
        .code(2)
        .stderr(contains("expected a whole number from 1"));
}
