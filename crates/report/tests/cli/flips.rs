//! The examples on which two models differ.

use std::path::Path;
use std::process::Command;

use records::publish;

use crate::fixture::Made;
use crate::{REPORT, outcome, rated, refusal, stdout};

/// Two models and two seeds whose outcomes are known by hand: seed 1 gets examples 23 to 28 right in B alone, seed 2
/// gets 22 to 24 right in A alone.
fn parting(runs: &Path, shards: &str) -> [String; 2] {
    let made = [("1VA", 1, 30), ("1VA", 2, 39), ("2VA", 1, 36), ("2VA", 2, 36)];
    for (configuration, seed, right) in made {
        let made = Made::new(configuration, seed).test(&[20, right, 25]).shards(shards);
        made.write(runs);
        let path = runs.join(made.name()).join("predictions.test.jsonl");
        publish::bytes(&path, rated(&made.predictions()).as_bytes()).unwrap();
    }
    ["1VA", "2VA"].map(|name| runs.join(name).display().to_string())
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Number, direction, seeds that are right of each flip.
fn seen(text: &str) -> Vec<(usize, String, [u64; 2])> {
    let number = |id: &str| id.trim_start_matches("test/").split('_').next().unwrap().parse().unwrap();
    let seen = |line: &serde_json::Value| {
        let right = ["seeds_a_right", "seeds_b_right"].map(|field| line[field].as_u64().unwrap());
        (number(line["id"].as_str().unwrap()), line["direction"].as_str().unwrap().to_owned(), right)
    };
    lines(text).iter().map(seen).collect()
}

#[test]
fn flips_are_paired_by_seed_and_the_clearest_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = parting(&folder.path().join("x/runs"), "5a");
    let all = stdout(&["flips", &a, &b], "");
    let expected = [
        (22, "a", [2, 1]),
        (25, "b", [0, 1]),
        (26, "b", [1, 2]),
        (27, "b", [1, 2]),
        (28, "b", [1, 2]),
        (23, "both ways", [1, 1]),
        (24, "both ways", [1, 1]),
    ];
    assert_eq!(seen(&all), expected.map(|(id, direction, right)| (id, direction.to_owned(), right)));
    let first =
        r#"{"type":"flip","id":"test/22_4","label":0,"direction":"a","seeds_a_right":2,"seeds_b_right":1,"seeds":2,"#;
    let rest = r#""margin_a":0.5,"margin_b":0.0,"tokens":240,"rating":4}"#;
    assert_eq!(all.lines().next().unwrap(), format!("{first}{rest}"));
    let swapped = seen(&stdout(&["flips", &b, &a], ""));
    assert_eq!((swapped[0].1.as_str(), swapped.len()), ("b", 7));
    let only = seen(&stdout(&["flips", &a, &b, "--only", "b"], ""));
    assert_eq!(only.iter().map(|flip| flip.0).collect::<Vec<_>>(), [25, 26, 27, 28]);
    let one = seen(&stdout(&["flips", &format!("{a}-s2"), &b], ""));
    assert_eq!(one.iter().map(|flip| flip.0).collect::<Vec<_>>(), [22, 23, 24]);
}

/// A folder of shards with these texts of test and nothing else, and the sha256 of its manifest.
fn with_texts(folder: &Path, texts: &str) -> String {
    let sha256 = records::hash::sha256_hex(texts.as_bytes());
    let manifest = serde_json::json!({
        "data": {"dataset": "d", "tokenizer": "t", "max_seq_length": 37}, "labels": ["a", "b"], "vocab_size": 25,
        "pad_token_id": 0, "tokenizer_sha256": "", "splits": {}, "shards": [],
        "duplicates": {"within_train": 0, "within_test": 0, "across": 0},
        "texts": {"file": "texts.test.jsonl", "split": "test", "examples": 40, "sha256": sha256},
    });
    publish::bytes(&folder.join("manifest.json"), manifest.to_string().as_bytes()).unwrap();
    publish::bytes(&folder.join("texts.test.jsonl"), texts.as_bytes()).unwrap();
    records::hash::sha256_hex(manifest.to_string().as_bytes())
}

#[test]
fn flips_take_their_texts_from_the_shards() {
    let folder = tempfile::tempdir().unwrap();
    let (runs, shards) = (folder.path().join("x/runs"), folder.path().join("shards"));
    let line =
        |i: usize| serde_json::json!({"id": format!("test/{i}_{}", [1, 9, 4, 10][i % 4]), "text": format!("nº {i}")});
    let texts: String = (0..40).map(|i| format!("{}\n", line(i))).collect();
    let [a, b] = parting(&runs, &with_texts(&shards, &texts));
    let name = shards.display().to_string();
    let all = lines(&stdout(&["flips", &a, &b, "--shards", &name], ""));
    assert_eq!((&all[0]["id"], &all[0]["text"]), (&"test/22_4".into(), &"nº 22".into()));
    assert!(all.iter().all(|flip| flip["text"].is_string()));
    let other = with_texts(&shards, &texts.replace("test/25_9", "test/25_8"));
    let line = refusal(&["flips", &a, &b, "--shards", &name], "");
    assert!(line.contains("shards` holds other data than run `1VA-s1` was trained on: name its shards"), "{line}");
    parting(&runs, &other);
    let line = refusal(&["flips", &a, &b, "--shards", &name], "");
    assert!(
        line.contains("shards` has no text of `test/25_9`: name the shards that the runs were tested on"),
        "{line}"
    );
    let line = refusal(&["flips", &a, &b, "--shards", "nothere"], "");
    assert!(line.contains("`nothere`: no shards are there; name the folder that `prep` wrote them to, such"), "{line}");
    publish::bytes(&shards.join("texts.test.jsonl"), b"").unwrap();
    let line = refusal(&["flips", &a, &b, "--shards", &name], "");
    assert!(line.contains("texts.test.jsonl`: differs from its manifest"), "{line}");
}

#[test]
fn flips_of_unpaired_runs_are_refused_with_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("x/runs");
    let [a, b] = parting(&runs, "5a");
    let (one, two) = (format!("{a}-s1"), format!("{b}-s2"));
    let line = refusal(&["flips", &one, &two], "");
    assert!(line.contains("1VA-s1` (seed 1) and `") && line.contains("have no seed in common: name runs"), "{line}");
    let line = refusal(&["flips", &a, &format!("{a}/")], "");
    assert!(line.contains("1VA` is both A and B: name two runs or configurations"), "{line}");
    Made::new("4VA", 1).write(&runs); // without ratings in its ids
    let other = runs.join("4VA").display().to_string();
    let line = refusal(&["flips", &a, &other], "");
    assert!(line.contains("1VA` and `") && line.contains("4VA` were tested on different examples: name"), "{line}");
    let nowhere = runs.join("9VA").display().to_string();
    let line = refusal(&["flips", &a, &nowhere], "");
    assert!(line.contains("no run folder `") && line.contains("9VA-s1`: train it"), "{line}");
    std::fs::remove_file(runs.join("4VA-s1/predictions.test.jsonl")).unwrap();
    let line = refusal(&["flips", &a, &other], "");
    assert!(line.contains("4VA` has no predictions of test: predict"), "{line}");
    let script = format!("'{REPORT}' flips '{a}' '{b}' | true; exit ${{PIPESTATUS[0]}}");
    assert_eq!(outcome(Command::new("bash").args(["-c", &script]), ""), (Some(0), String::new(), String::new()));
}

#[test]
fn the_help_of_flips_has_an_example() {
    insta::assert_snapshot!("help_flips", stdout(&["flips", "--help"], ""));
}
