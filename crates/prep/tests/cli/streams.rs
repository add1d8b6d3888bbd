//! JSON Lines in, JSON Lines out, and what is said beside them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use predicates::prelude::*;
use predicates::str::contains;
use records::shards::Example;

use crate::workplace::Workplace;

const DATA: &str = "dataset = \"jsonl\"\nmax_seq_length = 8\nvalidation = 0.5";

/// `n` reviews, the last first, a quarter of them for testing.
fn reviews(n: usize) -> String {
    let line = |number: usize| {
        let (split, label) = (if number % 4 == 3 { "test" } else { "train" }, ["bad", "good"][number % 2]);
        format!("{{\"id\":\"{number:05}\",\"split\":\"{split}\",\"label\":\"{label}\",\"text\":\"review {number}\"}}\n")
    };
    (0..n).rev().map(line).collect()
}

#[test]
fn stdin_becomes_lines_with_their_split_in_a_stable_order() {
    let workplace = Workplace::new(DATA);
    let mut prep = workplace.prep_to("-");
    let output = prep.args(["--models", "models"]).write_stdin(reviews(8)).assert().success();
    let stdout = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let splits: Vec<&str> = stdout.lines().map(|line| line.split('"').nth(3).unwrap()).collect();
    assert_eq!(splits, ["train", "train", "train", "validation", "validation", "validation", "test", "test"]);
    assert!(stdout.lines().all(|line| serde_json::from_str::<Example>(line).is_ok()));
    assert_eq!(workplace.names(), ["models", "x.toml"]);
}

#[test]
fn reversed_lines_and_a_file_give_the_same_bytes() {
    let workplace = Workplace::new(DATA);
    let lines = reviews(40);
    let reversed: String = lines.lines().rev().flat_map(|line| [line, "\n"]).collect();
    workplace.prep().write_stdin(lines.as_str()).assert().success();
    let expected = workplace.files("out");
    workplace.put("r.jsonl", reversed.as_bytes());
    workplace.prep().args(["--input", "r.jsonl"]).assert().success();
    assert_eq!(workplace.files("out"), expected);
}

#[test]
fn a_folder_may_be_new_deep_or_already_there_and_its_name_may_end_in_a_slash() {
    let workplace = Workplace::new(DATA);
    for out in ["a/b/out", "a/b/out/", "a/b/out/"] {
        let mut prep = workplace.prep_to(out);
        prep.args(["--models", "models"]).write_stdin(reviews(8)).assert().success();
        assert!(workplace.files("a/b/out").contains_key("manifest.json"));
        assert_eq!(workplace.files("a/b/out").len(), 5);
    }
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let workplace = Workplace::new(DATA);
    workplace.put("r.jsonl", reviews(20_000).as_bytes());
    let mut prep = std::process::Command::new(assert_cmd::cargo::cargo_bin!("prep"));
    prep.args(["--definition", "x.toml", "--models", "models", "--input", "r.jsonl", "--out", "-", "-q"]);
    prep.current_dir(workplace.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = prep.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty() && line.starts_with('{'), "{output:?}");
}

#[test]
fn a_list_tells_and_does_nothing() {
    let workplace = Workplace::new(DATA);
    workplace.put("r.jsonl", b"not even JSON");
    let output = workplace.prep().args(["--input", "r.jsonl", "--list"]).assert().success().stderr("");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.get_output().stdout).replace('\\', "/"));
    assert_eq!(workplace.names(), ["models", "r.jsonl", "x.toml"]);
}

#[test]
fn quiet_is_quiet_and_otherwise_the_counts_are_said() {
    let workplace = Workplace::new(DATA);
    workplace.prep().arg("-q").write_stdin(reviews(8)).assert().success().stderr("").stdout("");
    let says = contains("3 train, 3 validation, 2 test").and(contains("0 in both")).and(contains("reviews/s"));
    workplace.prep().write_stdin(reviews(8)).assert().success().stderr(says);
}

/// One line for each label, `n` times.
fn labelled(split: &str, labels: &[usize], n: usize) -> String {
    let line =
        |(copy, label): (usize, &usize)| format!("{{\"split\":\"{split}\",\"label\":{label},\"text\":\"{copy}\"}}\n");
    (0..n).flat_map(|copy| labels.iter().map(move |label| line((copy, label)))).collect()
}

#[test]
fn classes_that_cannot_be_learned_and_a_validation_of_nothing_are_said() {
    let says = |lines: String| {
        let workplace = Workplace::new("dataset = \"jsonl\"\nmax_seq_length = 8");
        let output = workplace.prep().write_stdin(lines).assert().success();
        String::from_utf8(output.get_output().stderr.clone()).unwrap()
    };
    let stars = says(labelled("train", &[1, 2, 3, 4, 5], 12) + &labelled("test", &[1, 2, 3, 4, 5], 4));
    assert!(stars.starts_with("warn: no split has an example of class `0`; labels that are indices count from 0\n54 train, 6 validation, 20 test"), "{stars}");
    let unlearned = says(labelled("train", &[0, 1], 5) + &labelled("test", &[0, 2], 1));
    assert!(
        unlearned.starts_with(
            "warn: train has no example of class `2`, so a model cannot learn it; add some\n9 train, 1 validation, "
        ),
        "{unlearned}"
    );
    let few = says(labelled("train", &[0, 1], 2) + &labelled("test", &[0, 1], 1));
    assert!(
        few.starts_with(
            "warn: `validation` = 0.1 of 4 train examples holds out none, so the epoch will be chosen on test; raise"
        ),
        "{few}"
    );
    let classes: Vec<usize> = (0..20).collect();
    let shots = says(labelled("train", &classes, 4) + &labelled("test", &classes, 1));
    assert!(shots.starts_with("72 train, 8 validation, 20 test"), "{shots}");
}

#[test]
fn the_embedded_sample_needs_no_input_and_is_balanced() {
    let workplace =
        Workplace::new("dataset = \"sample\"\nmax_seq_length = 48\ntrain_examples = 100\ntest_examples = 50");
    workplace.prep().assert().success().stderr(contains("90 train, 10 validation, 50 test"));
    workplace.prep().args(["--input", "-"]).assert().code(1).stderr(contains("`sample`: is embedded"));
}

#[test]
fn help_shows_every_argument_and_an_example() {
    let output = Workplace::new(DATA).prep().env_remove("COLUMNS").arg("--help").assert().success();
    insta::assert_snapshot!(String::from_utf8_lossy(&output.get_output().stdout).replace("prep.exe", "prep"));
}
