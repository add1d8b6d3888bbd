//! Findings of a second attack: stages that trusted each other too much.

use std::process::Command;

use crate::place::Place;

const TRAIN: &str =
    "train --config runs/1VA-s1/config.json --shards shards --model models/sample-bert --device flex --out";
const LATENCY: &str = "evaluate --run runs/1VA-s1 --shards shards --device flex --latency --out latency.json";
const JSONL: &str = "prep --definition texts.toml --models models --out new --input -";

#[test]
fn latency_is_measured_on_the_shards_of_the_run_only() {
    let place = Place::sound();
    place.takes(LATENCY, b"");
    place.replace("shards/manifest.json", "\"max_seq_length\": 32", "\"max_seq_length\": 512");
    place.refuses(LATENCY, b"", "`shards` differs from the shards that run `1VA-s1` was trained on");
}

/// The weights have the same checksum, which does not cover heads or epsilon.
#[test]
fn a_run_of_an_encoder_with_other_heads_is_another_run() {
    let place = Place::sound();
    let (run, stamp) = (format!("{TRAIN} runs/1VA-s1"), "runs/1VA-s1/train.json");
    let old = place.text(stamp);
    place.takes(&run, b"");
    assert_eq!(place.text(stamp), old);
    place.replace("models/sample-bert/config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 2");
    place.takes(&run, b"");
    assert_ne!(place.text(stamp), old);
}

#[test]
fn words_and_texts_that_would_exhaust_time_or_memory_are_refused() {
    let place = Place::sound();
    place.write(
        "texts.toml",
        place
            .text("s.toml")
            .replace("\"sample\"", "\"jsonl\"\ntest = 0")
            .replace("train_examples = 64\ntest_examples = 20\n", ""),
    );
    let other = "{\"id\":\"other\",\"label\":1,\"text\":\".\"}\n";
    let long = format!("{other}{{\"id\":\"long\",\"label\":0,\"text\":\"{}\"}}\n", ".".repeat((1 << 20) + 1));
    place.refuses(JSONL, long.as_bytes(), "tokenizing `long`: the text has 1048577 bytes; the limit is 1 MiB");
    let tokenizer = "models/sample-bert/tokenizer.json";
    place.replace(tokenizer, "\"max_input_chars_per_word\": 100", "\"max_input_chars_per_word\": 1000000");
    place.refuses(JSONL, long.as_bytes(), "splits words of more than 200 characters");
}

#[test]
fn files_that_only_look_like_shards_are_not_replaced() {
    let place = Place::sound();
    let prep = "prep --definition s.toml --models models --out notes";
    for name in ["notes/letters-of-2025.jsonl", "notes/test-of-mine.jsonl", "notes/test-00000-of-00001.jsonl/thesis"] {
        place.write(name, "gold");
        place.refuses(prep, b"", "`notes` exists and is not a folder of shards");
        std::fs::remove_dir_all(place.path("notes")).unwrap();
    }
}

/// No tool waits for a pipe in the place of a run's file.
#[test]
fn pipes_in_a_run_are_refused_or_replaced_at_once() {
    let files = ["metrics.jsonl", "predictions.test.jsonl", "config.json", "train.json", "model/config.json"];
    let tools = [
        "report table runs/1VA-s1",
        "evaluate --run runs/1VA-s1 --shards shards --device flex",
        &format!("{} runs/1VA-s1", TRAIN.replace("runs/1VA-s1/config.json", "config.json")),
        "attend --run runs/1VA-s1 --device flex --text good --format jsonl",
    ];
    for file in files {
        let place = Place::sound();
        place.write("config.json", place.text("runs/1VA-s1/config.json"));
        let path = place.path("runs/1VA-s1").join(file);
        std::fs::remove_file(&path).unwrap();
        Command::new("mkfifo").arg(&path).status().unwrap();
        for tool in tools {
            assert!(place.ended(tool).is_some(), "{tool} waits for `{file}`");
        }
    }
}
