//! A study file as a person writes it: what it expands to, and what is said when it is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::io::Write;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use study::{Cleaning, Configuration, Copies, Data, Study, Truncation, Weights};

const GOOD: &str = r#"name = "s"
seeds = [1, 2]
[data]
dataset = "sample"
tokenizer = "t"
max_seq_length = 64
[defaults]
encoder = "e"
weights = "random"
epochs = 5
batch_size = 32
dropout = 0.1
optimizer = { kind = "adamw", encoder_learning_rate = 8e-4, head_learning_rate = 8e-4 }
[[configuration]]
id = "A"
blocks = "first:1"
head = { kind = "cls-linear" }
[[configuration]]
id = "B"
blocks = "last:2"
head = { kind = "bilstm", layers = 2 }
epochs = 7
published_accuracy = 0.9
"#;

fn read(text: &str) -> Result<Study, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Study::read(file.path()).map_err(|e| e.to_string())
}

/// The good study with `from` replaced, and what is said of it.
fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn rows_take_their_own_settings_first_and_the_defaults_else_once_per_seed() {
    let runs = read(GOOD).unwrap().configurations().unwrap();
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["A-s1", "A-s2", "B-s1", "B-s2"]);
    assert_eq!((runs[0].epochs, runs[3].epochs, runs[3].seed), (5, 7, 2));
    assert_eq!((runs[3].published_accuracy, runs[0].published_accuracy), (Some(0.9), None));
    assert_eq!((runs[0].weights, runs[3].head.options["layers"].as_u64()), (Weights::Random, Some(2)));
}

#[test]
fn a_row_may_have_seeds_of_its_own_and_the_defaults_may_not() {
    let own = GOOD.replacen("id = \"B\"", "id = \"B\"\nseeds = [7, 8, 9]", 1);
    let ids: Vec<String> = read(&own).unwrap().configurations().unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(ids, ["A-s1", "A-s2", "B-s7", "B-s8", "B-s9"]);
    assert!(refused("[defaults]", "[defaults]\nseeds = [3]").contains("`seeds`"));
    assert!(refused("id = \"B\"", "id = \"B\"\nseeds = []").contains("need at least one entry"));
}

#[test]
fn a_configuration_survives_its_json() {
    for run in read(GOOD).unwrap().configurations().unwrap() {
        assert_eq!(Configuration::from_json(&run.to_json().unwrap()).unwrap(), run);
    }
}

#[test]
fn a_slip_is_answered_with_its_line_and_the_near_name() {
    let said = refused("batch_size", "batchsize");
    assert!(said.contains("line 11") && said.contains("did you mean `batch_size`?"), "{said}");
    assert!(!said.contains('\n'), "{said}");
    assert!(refused("max_seq_length = 64", "max_seq_length = -1").contains("line 6"));
    assert!(refused("[defaults]", "[defaults").contains("line 7"));
}

#[test]
fn what_cannot_run_is_refused_and_named() {
    let cases = [
        ("id = \"B\"", "id = \"A\"", "two configurations give the run `A-s1`"),
        ("id = \"B\"", "id = \"../x\"", "letters, digits"),
        ("id = \"B\"", "id = \"a b\"", "letters, digits"),
        ("seeds = [1, 2]", "seeds = []", "at least one entry"),
        ("epochs = 5\n", "", "configuration `A` has no `epochs`"),
        ("dropout = 0.1", "dropout = 1.0", "`dropout` must be"),
        ("epochs = 5", "epochs = 0", "`epochs` must be at least 1"),
        ("batch_size = 32", "batch_size = 9000000000", "`batch_size` must be at least 1 and at most 1000000"),
        ("encoder = \"e\"", "encoder = \"../e\"", "encoder `../e` is no plain name"),
        ("encoder = \"e\"", "encoder = \"$(id)\"", "encoder `$(id)` is no plain name"),
        ("published_accuracy = 0.9", "published_accuracy = 90.0", "is a fraction"),
        ("max_seq_length = 64", "max_seq_length = 2", "for `[CLS]`, a token, `[SEP]`"),
        ("dataset = \"sample\"", "dataset = \"../x\"", "plain names, no paths"),
        ("max_seq_length = 64", "max_seq_length = 64\nvalidation = 0.9", "`validation` must be"),
    ];
    for (from, to, says) in cases {
        let said = refused(from, to);
        assert!(said.contains(says), "{said}");
    }
    let missing = Study::read("nowhere.toml".as_ref()).unwrap_err().to_string();
    assert!(missing.starts_with("reading study `nowhere.toml`"), "{missing}");
}

#[test]
fn everything_that_changes_the_shards_changes_their_name() {
    let name = |more: &str| read(&GOOD.replace("max_seq_length = 64", more)).unwrap().data.shards_name();
    let names = [
        "max_seq_length = 64",
        "max_seq_length = 65",
        "max_seq_length = 64\ntruncation = \"head+tail\"",
        "max_seq_length = 64\ntruncation = \"head+tail\"\nhead_share = 0.25",
        "max_seq_length = 64\nvalidation = 0.0",
        "max_seq_length = 64\ntrain_examples = 10",
        "max_seq_length = 64\ntest_examples = 10",
        "max_seq_length = 64\nduplicates = \"leave-out\"",
        "max_seq_length = 64\ncleaning = [\"case\"]",
        "max_seq_length = 64\ncleaning = [\"case\", \"stem\"]",
        "max_seq_length = 64\ncleaning = [\"stop-words\", \"punctuation\", \"stem\", \"case\"]",
    ]
    .map(name);
    let distinct: HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert_eq!(names[0], "sample-t-64-head-only");
    assert_eq!(names[7], "sample-t-64-head-only-without-duplicates");
    assert_eq!(names[10], "sample-t-64-head-only-cleaning-punctuation+case+stop-words+stem");
}

#[test]
fn the_order_of_cleaning_in_the_file_is_nothing_and_none_is_the_default() {
    let data = |more: &str| read(&GOOD.replace("max_seq_length = 64", more)).unwrap().data;
    let cleaned = data("max_seq_length = 64\ncleaning = [\"punctuation\", \"stem\"]");
    assert_eq!(cleaned, data("max_seq_length = 64\ncleaning = [\"stem\", \"punctuation\", \"stem\"]"));
    let by_default = data("max_seq_length = 64");
    assert_eq!(by_default, data("max_seq_length = 64\ncleaning = []\nduplicates = \"keep\""));
    assert!(by_default.cleaning.is_empty() && by_default.duplicates == Copies::Keep);
}

#[test]
fn an_unknown_step_of_cleaning_is_answered_with_those_there_are() {
    let said = refused("max_seq_length = 64", "max_seq_length = 64\ncleaning = [\"case\", \"stopwords\"]");
    assert!(said.contains("line 7: unknown variant `stopwords`, expected one of `punctuation`, `case`"), "{said}");
    assert!(said.ends_with("`stem`; did you mean `stop-words`?"), "{said}");
    let said = refused("max_seq_length = 64", "max_seq_length = 64\nduplicates = \"leave_out\"");
    assert!(said.contains("line 7") && said.ends_with("`keep` or `leave-out`; did you mean `leave-out`?"), "{said}");
}

fn any_data() -> impl Strategy<Value = Data> {
    let steps = [Cleaning::Punctuation, Cleaning::Case, Cleaning::StopWords, Cleaning::Stem];
    let truncations = [Truncation::HeadOnly, Truncation::TailOnly, Truncation::HeadTail];
    let few = || select(vec![None, Some(1), Some(10)]);
    let texts = (subsequence(steps.to_vec(), 0..=4), select(vec![Copies::Keep, Copies::LeaveOut]));
    let cut = (select(vec![8, 64]), select(truncations.to_vec()), select(vec![0.5, 0.25]));
    (texts, cut, select(vec![0.1, 0.25]), few(), few()).prop_map(|(texts, cut, validation, train, test)| Data {
        dataset: "sample".to_owned(),
        tokenizer: "t".to_owned(),
        max_seq_length: cut.0,
        truncation: cut.1,
        head_share: cut.2,
        cleaning: texts.0.into_iter().collect(),
        duplicates: texts.1,
        validation,
        train_examples: train,
        test_examples: test,
    })
}

proptest! {
    #[test]
    fn shards_have_as_many_names_as_there_are_data(all in proptest::collection::vec(any_data(), 100)) {
        let written: HashSet<String> = all.iter().map(|data| serde_json::to_string(data).unwrap()).collect();
        let names: HashSet<String> = all.iter().map(Data::shards_name).collect();
        prop_assert_eq!(names.len(), written.len());
    }

    #[test]
    fn data_survives_its_json(data in any_data()) {
        let json = serde_json::to_string(&data).unwrap();
        prop_assert_eq!(serde_json::from_str::<Data>(&json).unwrap(), data);
    }
}
