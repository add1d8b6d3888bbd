//! `train` as a person or a script calls it: what it leaves, how it resumes, what it refuses.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on has failed")]

mod workplace;

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use workplace::{Workplace, assert_refused};

#[test]
fn a_run_leaves_its_stream_a_hugging_face_folder_and_a_stamp() {
    let place = Workplace::new();
    place.train(&place.configuration(2)).success();
    let metrics = place.metrics();
    let kinds: Vec<&str> = metrics.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("begin", "end"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "epoch").count(), 2 * 3);
    assert_eq!(metrics[0]["provenance"]["device"], "flex");
    assert_eq!(metrics[0]["blocks"], json!([1, 2]));
    let config: Value = serde_json::from_str(&place.read("run/model/config.json")).unwrap();
    assert_eq!((&config["num_hidden_layers"], &config["id2label"]["1"]), (&json!(2), &json!("pos")));
    assert!(place.path("run/train.json").exists() && !place.path("run/checkpoints").exists());
    assert!(place.path("run/model/model.safetensors").exists() && place.path("run/model/tokenizer.json").exists());
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let (one, two, other) = (Workplace::new(), Workplace::new(), Workplace::new());
    one.train(&one.configuration(2)).success();
    two.train(&two.configuration(2)).success();
    let mut seeded = other.configuration(2);
    seeded["seed"] = json!(8);
    other.train(&seeded).success();
    assert_eq!(one.scores(), two.scores());
    assert_eq!(one.model_bytes(), two.model_bytes());
    assert_ne!(one.model_bytes(), other.model_bytes());
}

#[test]
fn killed_after_an_epoch_it_goes_on_and_ends_with_the_same_bytes() {
    let (whole, killed) = (Workplace::new(), Workplace::new());
    whole.train(&whole.configuration(4)).success();
    let configuration = killed.configuration(4);
    for epoch in [1, 2] {
        killed.kill_after_epoch(epoch, &configuration);
    }
    let said = killed.train(&configuration).success().get_output().stderr.clone();
    assert!(String::from_utf8(said).unwrap().contains("goes on after epoch"));
    assert_eq!(killed.scores(), whole.scores());
    assert_eq!(killed.model_bytes(), whole.model_bytes());
    let again = killed.train(&configuration).success().get_output().stderr.clone();
    assert!(String::from_utf8(again).unwrap().contains("already trained"));
}

#[test]
fn the_epoch_is_chosen_on_validation_even_where_train_and_test_would_choose_another() {
    let place = Workplace::with_contrary_validation();
    let mut fast = place.configuration(3);
    fast["optimizer"]["encoder_learning_rate"] = json!(1e-2);
    place.train(&fast).success();
    assert_eq!(place.metrics().last().unwrap()["best_epoch"], 1);
    let test =
        place.metrics().into_iter().filter(|line| line["split"] == "test").map(|line| line["loss"].as_f64().unwrap());
    let test: Vec<f64> = test.collect();
    assert!(test[2] < test[0], "test would have chosen a later epoch: {test:?}");
}

#[test]
fn another_configuration_in_the_same_folder_starts_afresh() {
    let place = Workplace::new();
    place.train(&place.configuration(3)).success();
    place.train(&place.configuration(1)).success();
    assert_eq!(place.metrics().last().unwrap()["epochs"], 1);
    assert_eq!(place.metrics().iter().filter(|line| line["type"] == "begin").count(), 1);
}

#[test]
fn check_takes_many_configurations_and_names_the_wrong_one() {
    let place = Workplace::new();
    let (good, mut bad) = (place.configuration(1), place.configuration(1));
    bad["id"] = json!("bad-s7");
    bad["head"] = json!({"kind": "cls-liner"});
    place.check(&[&good, &good]).success();
    assert_refused(place.check(&[&good, &bad]), "configuration `bad-s7`: unknown head `cls-liner`");
    bad["head"] = json!({"kind": "cls-linear"});
    bad["blocks"] = json!("first:4");
    assert_refused(place.check(&[&bad]), "the encoder has 3 blocks");
    bad["blocks"] = json!("first:3");
    bad["optimiser"] = json!(1);
    assert_refused(place.check(&[&bad]), "unknown field `optimiser`");
}

#[test]
fn what_does_not_fit_together_is_refused_before_anything_is_written() {
    let place = Workplace::new();
    let good = place.configuration(1);
    let mut bf16 = good.clone();
    bf16["precision"] = json!("bf16");
    assert_refused(place.train(&bf16), "needs LibTorch");
    place.write("model/tokenizer.json", "another");
    assert_refused(place.train(&good), "is not the tokenizer the shards were made with");
    place.write("model/config.json", &place.read("model/config.json").replace("\"bert\"", "\"gpt2\""));
    assert_refused(place.train(&good), "model_type `gpt2`");
    std::fs::remove_file(place.path("shards/manifest.json")).unwrap();
    assert_refused(place.train(&good), "run `prep` first");
    assert!(!place.path("run").exists());
}

#[test]
fn a_missing_weights_file_and_a_pickle_are_told_apart() {
    let place = Workplace::new();
    let mut pretrained = place.configuration(1);
    pretrained["weights"] = json!("pretrained");
    assert_refused(place.train(&pretrained), "model.safetensors`: No such file");
    place.write("model/pytorch_model.bin", "pickle");
    assert_refused(place.train(&pretrained), "safe_serialization=True");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_says_where() {
    let place = Workplace::new();
    let mut wild = place.configuration(3);
    place.poison_weights();
    wild["weights"] = json!("pretrained");
    assert_refused(place.train(&wild), "the loss is no number any more in epoch 1");
    assert!(!place.path("run/train.json").exists());
}

#[test]
fn one_configuration_a_run_and_usage_errors_exit_with_2() {
    let place = Workplace::new();
    let two = format!("{}\n{}", place.configuration(1), place.configuration(1));
    assert_refused(place.train_from(&two), "expected exactly one configuration, found 2");
    assert_refused(place.train_from("{"), "`stdin` is not JSON");
    let status = Command::new(env!("CARGO_BIN_EXE_train")).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn help_has_an_example() {
    let output = Command::new(env!("CARGO_BIN_EXE_train")).arg("--help").env("COLUMNS", "100").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}
