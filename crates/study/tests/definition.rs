//! A study file as a person writes it: what it expands to, and what is said when it is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;

use study::{Configuration, Study, Weights};

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
        ("published_accuracy = 0.9", "published_accuracy = 90.0", "is a fraction"),
        ("max_seq_length = 64", "max_seq_length = 2", "`[CLS]`, a token, `[SEP]`"),
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
    ]
    .map(name);
    let distinct: std::collections::HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert_eq!(names[0], "sample-t-64-head-only");
}
