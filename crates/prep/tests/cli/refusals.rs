//! One line on stderr that names the thing and the remedy, exit code 1 or 2, and nothing half written.

use predicates::prelude::*;
use predicates::str::contains;

use crate::workplace::{TINY, Workplace};

const IMDB: &str = "dataset = \"imdb\"\nmax_seq_length = 8";
const JSONL: &str = "dataset = \"jsonl\"\nmax_seq_length = 8\ntest = 0";
const LINE: &str = "{\"id\":\"a\",\"label\":0,\"text\":\"t\"}\n";
const OTHER: &str = "{\"id\":\"b\",\"split\":\"test\",\"label\":1,\"text\":\"t\"}\n";

fn one_line_with(words: &[&str]) -> impl Predicate<str> + use<> {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    predicate::function(move |text: &str| {
        text.starts_with("prep: ") && text.matches('\n').count() == 1 && words.iter().all(|word| text.contains(word))
    })
}

#[test]
fn a_missing_archive_says_where_to_get_it() {
    let url = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz";
    let cases: [(&[&str], &str); 3] = [
        (&[], "`--archive aclImdb_v1.tar.gz`"),
        (&["--archive", "gone.tar.gz"], "`gone.tar.gz`: No such file"),
        (&["--input", "gone"], "`gone`: no folder `train/neg`"),
    ];
    for (arguments, says) in cases {
        let workplace = Workplace::new(IMDB);
        let says = one_line_with(&[says, url, "fetch data imdb --out DIR", "IMDB_ARCHIVE="]);
        workplace.prep().args(arguments).assert().code(1).stdout("").stderr(says);
        assert_eq!(workplace.names(), ["models", "x.toml"]);
    }
}

#[test]
fn a_missing_or_wrong_tokenizer_says_where_to_get_it() {
    let without_pad = String::from_utf8_lossy(TINY).replace("[PAD]", "[NIL]").into_bytes();
    let without_frame = without_post_processor();
    let (fetched, copied) = ("fetch model tiny --out DIR", "MODELS_DIR=");
    let cases: [(Option<&[u8]>, [&str; 3]); 5] = [
        (None, ["reading tokenizer `models/tiny/tokenizer.json`: No such file", fetched, copied]),
        (Some(b""), ["tokenizer.json`: the file is empty; remove the model's folder", fetched, copied]),
        (Some(b"{}"), ["cannot be used", fetched, copied]),
        (Some(&without_pad), ["tokenizer.json`", "has no padding token `[PAD]` or `<pad>`", "as `pad_token`"]),
        (Some(&without_frame), ["only one token before", "and one after a text", "set `post_processor`"]),
    ];
    for (bytes, says) in cases {
        let workplace = Workplace::new(JSONL);
        match bytes {
            Some(bytes) => drop(workplace.put("models/tiny/tokenizer.json", bytes)),
            None => std::fs::remove_file(workplace.path("models/tiny/tokenizer.json")).unwrap(),
        }
        let says = one_line_with(&says);
        workplace.prep().write_stdin(LINE).assert().code(1).stderr(says);
        assert_eq!(workplace.names(), ["models", "x.toml"]);
    }
    let workplace = Workplace::new(JSONL);
    workplace.put("models/tiny/config.json", b"{\"max_position_embeddings\": 7}");
    let says = one_line_with(&["study `x`: `max_seq_length` is 8, but `models/tiny` has only 7 positions; lower it"]);
    workplace.prep().write_stdin(LINE).assert().code(1).stderr(says);
    std::fs::remove_file(workplace.path("x.toml")).unwrap();
    workplace.put("pipelines/x.toml", b"");
    let says = one_line_with(&["no study `x.toml`; did you mean `pipelines/x.toml`?"]);
    workplace.prep().write_stdin(LINE).assert().code(1).stderr(says);
    let workplace = Workplace::new(JSONL);
    for (models, says) in [
        ("nowhere", ["no model folder `nowhere/tiny`", "fetch model tiny --out DIR"]),
        (
            "models/tiny",
            ["no model folder `models/tiny/tiny`; `models/tiny` is a model's folder", "names the one above"],
        ),
    ] {
        let prep = workplace.prep_to("out").args(["--models", models]).write_stdin(LINE).assert();
        prep.code(1).stderr(one_line_with(&says));
    }
}

fn without_post_processor() -> Vec<u8> {
    let mut tokenizer: serde_json::Value = serde_json::from_slice(TINY).unwrap();
    tokenizer["post_processor"] = serde_json::Value::Null;
    serde_json::to_vec(&tokenizer).unwrap()
}

#[test]
fn an_unknown_data_set_names_those_there_are() {
    let says = one_line_with(&[
        "study `x.toml`: unknown data set `imbd`",
        "`imdb`, `jsonl`, `sample`",
        "did you mean `imdb`?",
    ]);
    let workplace = Workplace::new("dataset = \"imbd\"\nmax_seq_length = 8");
    workplace.prep().assert().code(1).stderr(says);
}

#[test]
fn a_wrong_line_is_named_by_file_and_number() {
    let workplace = Workplace::new(JSONL);
    workplace.put("r.jsonl", format!("{LINE}{{\"id\":\"b\"").as_bytes());
    workplace.prep().args(["--input", "r.jsonl"]).assert().code(1).stderr(one_line_with(&["`r.jsonl`, line 2"]));
    workplace.prep().write_stdin("\n[5]").assert().code(1).stderr(one_line_with(&["`stdin`, line 2"]));
    workplace.prep().write_stdin(LINE.repeat(2)).assert().code(1).stderr(one_line_with(&["the id `a`"]));
    workplace.prep().write_stdin("").assert().code(1).stderr(one_line_with(&["`stdin`: holds no examples"]));
    assert_eq!(workplace.names(), ["models", "r.jsonl", "x.toml"]);
}

#[test]
fn a_subset_larger_than_a_class_is_refused() {
    let workplace = Workplace::new(&format!("{JSONL}\ntrain_examples = 2"));
    let says = one_line_with(&["`train_examples`: 2 need 1 of class `1`, but train has 0"]);
    workplace.prep().write_stdin(LINE.to_owned() + OTHER).assert().code(1).stderr(says);
}

#[test]
fn a_train_split_of_one_class_is_refused() {
    let named = |split: &str, label: &str| format!("{{\"split\":\"{split}\",\"label\":\"{label}\",\"text\":\"t\"}}\n");
    let train_has_one = named("train", "x").repeat(2) + &named("test", "x") + &named("test", "y");
    for (lines, class) in [(train_has_one, "x"), (LINE.to_owned() + OTHER, "0"), (LINE.to_owned(), "0")] {
        let workplace = Workplace::new(JSONL);
        let fault = format!("`stdin`: every train example is of class `{class}`");
        let says = one_line_with(&[&fault, "add train examples of another class"]);
        workplace.prep().write_stdin(lines).assert().code(1).stderr(says);
        assert_eq!(workplace.names(), ["models", "x.toml"]);
    }
    let all_alike = one_line_with(&["`stdin`: every label is `x`; a classifier needs two classes"]);
    Workplace::new(JSONL).prep().write_stdin(named("train", "x")).assert().code(1).stderr(all_alike);
}

#[test]
fn a_folder_of_other_things_or_a_file_is_not_replaced() {
    let workplace = Workplace::new(JSONL);
    workplace.put("out/thesis.txt", b"years of work");
    workplace.put("out/manifest.json", b"{}");
    for out in ["out", "x.toml"] {
        let says = format!("`{out}` exists and is not a folder of shards");
        let mut prep = workplace.prep_to(out);
        prep.args(["--models", "models"]).write_stdin(LINE).assert().code(1).stderr(one_line_with(&[&says]));
    }
    assert_eq!(workplace.files("out")["thesis.txt"], b"years of work");
}

#[test]
fn a_folder_that_cannot_be_written_is_found_out_before_the_input_is_read() {
    let workplace = Workplace::new(JSONL);
    let mut prep = workplace.prep_to("x.toml/out");
    prep.args(["--models", "models"]).write_stdin("not JSON").assert().code(1).stderr(contains("writing `x.toml/out`"));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let workplace = Workplace::new(JSONL);
    workplace.prep().args(["--input", "-", "--archive", "a"]).assert().code(2);
    assert_cmd::cargo::cargo_bin_cmd!("prep").assert().code(2);
}
