//! `evaluate` on the command line, without a trained run (`tests/study.rs` has one).
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::path::Path;
use std::process::Command;

use assert_cmd::assert::Assert;
use serde_json::Value;

fn evaluate(arguments: &[&str], input: &str) -> Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evaluate"));
    command.args(["--device", "flex"]).args(arguments);
    assert_cmd::Command::from_std(command).write_stdin(input.to_owned()).assert()
}

fn folder() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/model").display().to_string()
}

/// Compared with Hugging Face's logits for the same texts, which `tests/data/make_model.py` wrote.
#[test]
fn a_hugging_face_classifier_predicts_as_transformers_does() {
    let expected = std::fs::read_to_string(Path::new(&folder()).join("../expected.jsonl")).unwrap();
    let expected: Vec<Value> = expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let input: String = expected.iter().map(|line| format!("{line}\n")).collect();
    let output = evaluate(&["--model", &folder(), "--text", "-"], &input).success().get_output().stdout.clone();
    let found: Vec<Value> =
        String::from_utf8(output).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found["id"], expected["id"]);
        assert_eq!(found["predicted_name"], ["bad", "fair", "good"][found["predicted"].as_u64().unwrap() as usize]);
        let logits =
            |line: &Value| line["logits"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
        for (found, expected) in logits(found).iter().zip(logits(expected)) {
            assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
        }
    }
}

/// The model folder with `from` in its `config.json` replaced.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(Path::new(&folder()).join(name), copy.path().join(name)).unwrap();
    }
    let config = std::fs::read_to_string(copy.path().join("config.json")).unwrap();
    assert!(config.contains(from));
    records::publish::bytes(&copy.path().join("config.json"), config.replace(from, to).as_bytes()).unwrap();
    copy
}

#[test]
fn an_unsupported_folder_is_refused_by_name() {
    let refusal = |copy: &tempfile::TempDir| {
        let assert = evaluate(&["--model", &copy.path().display().to_string(), "--text", "-"], "").code(1);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let gpt = refusal(&changed("\"model_type\": \"bert\"", "\"model_type\": \"gpt2\""));
    assert!(gpt.contains("model_type `gpt2` is not supported; supported are `bert`"), "{gpt}");
    let gap = refusal(&changed("\"2\": \"good\"", "\"7\": \"good\""));
    assert!(gap.contains("`id2label` does not name the classes 0 to 2"), "{gap}");
    let other = changed("\"num_attention_heads\": 4", "\"num_attention_heads\": 3");
    assert!(refusal(&other).contains("hidden_size 16 is not a multiple of num_attention_heads 3"));
}

#[test]
fn a_wrong_line_is_named_after_the_predictions_before_it() {
    let assert = evaluate(&["--model", &folder(), "--text", "-"], "{\"id\":\"a\",\"text\":\"good\"}\n{\"id\":\"b\"}\n");
    let output = assert.code(1).get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("`stdin`, line 2")
            && text.contains("missing field `text`; write one text a line, such as {\"id\":1,"),
        "{text}"
    );
    assert_eq!(ids(&output.stdout), ["a"]);
}

fn ids(predictions: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(predictions).unwrap().lines();
    lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect()
}

#[test]
fn ids_come_back_as_they_were_written_and_half_an_emoji_is_read() {
    let texts = ["\"id\":1,", "\"id\":18446744073709551616,", "\"id\":1.50,", "\"id\":\"a b\",", "", "\"id\":null,"];
    let input: String = texts.map(|id| format!("{{{id}\"text\":\"good \\ud83d film\"}}\n")).concat();
    let output = evaluate(&["--model", &folder(), "--text", "-"], &input).success().get_output().stdout.clone();
    assert_eq!(ids(&output), ["1", "18446744073709551616", "1.50", "a b", "5", "6"]);
    for (line, says) in [
        ("{\"id\":{},\"text\":\"a\"}", "`id` is an object; write a string or a number"),
        ("{\"id\":1,\"text\":null}", "`text` is null; write a string, or leave the line out"),
        ("{\"id\":1,\"text\":NaN}", "`NaN` is not JSON; write a value, or leave the line out"),
    ] {
        let said = evaluate(&["--model", &folder(), "--text", "-"], line).code(1).get_output().stderr.clone();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("`stdin`, line 1") && said.contains(says), "{said}");
    }
}

#[test]
fn a_missing_run_is_refused_and_wrong_usage_exits_with_2() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().display().to_string();
    let refused = |arguments: [&str; 2], says: &str| {
        let text = evaluate(&[arguments[0], arguments[1], "--text", "-"], "").code(1).get_output().stderr.clone();
        assert!(String::from_utf8(text.clone()).unwrap().contains(says), "{}", String::from_utf8(text).unwrap());
    };
    refused(
        ["--run", "nowhere"],
        "there is no folder `nowhere`; name the folder of a finished run; `make demo` trains",
    );
    refused(["--run", &run], "` is not a run, since it has no `config.json`; name the folder of a finished run");
    refused(
        ["--run", &folder()],
        "config.json` is not the configuration of a run; give a model's folder with `--model`",
    );
    refused(["--model", "nowhere"], "there is no model folder `nowhere`; name the folder of a classifier: `model` in");
    refused(["--model", &run], "config.json`: No such file or directory (os error 2); name the folder of a classifier");
    refused(["--model", &folder()], "`stdin` holds no text; write one text a line, such as {\"id\":1,");
    let configuration = fixtures::configuration(serde_json::json!({})).to_string();
    records::publish::bytes(&place.path().join("config.json"), configuration.as_bytes()).unwrap();
    refused(["--run", &run], "the run is not finished; train it first");
    refused(["--model", &run], "` is the folder of a run; give it with `--run`");
    let empty = place.path().join("config.json");
    records::publish::bytes(&empty, b"").unwrap();
    refused(["--run", &run], "config.json` is empty; `make` writes it again");
    let text = evaluate(&["--model", &folder(), "--text", "A good film"], "").code(1).get_output().stderr.clone();
    let says = "reading `A good film`: No such file or directory (os error 2); `--text` takes a file of JSON Lines";
    assert!(String::from_utf8_lossy(&text).contains(says), "{}", String::from_utf8_lossy(&text));
    evaluate(&["--model", &folder(), "--text", "-", "--split", "test"], "").code(2);
    evaluate(&["--run", &run, "--text", "-", "--latency"], "").code(2);
    evaluate(&["--run", &run], "").code(2);
    evaluate(&["--run", &run, "--model", &run, "--text", "-"], "").code(2);
    evaluate(&["--model", &run, "--shards", &run], "").code(2);
}

#[test]
fn a_configuration_without_a_seed_is_answered_with_one_of_its_runs() {
    let runs = tempfile::tempdir().unwrap();
    ["2VA-s7", "2VA-s10"].iter().for_each(|run| std::fs::create_dir(runs.path().join(run)).unwrap());
    let run = runs.path().join("2VA").display().to_string();
    let output = evaluate(&["--run", &run, "--text", "-"], "").code(1).get_output().stderr.clone();
    let told = format!("`{run}` is a configuration, not a run of it; name one of its seeds, such as `{run}-s7`");
    assert!(String::from_utf8_lossy(&output).contains(&told), "{}", String::from_utf8_lossy(&output));
}

#[test]
fn help_has_an_example() {
    let output = Command::new(env!("CARGO_BIN_EXE_evaluate")).arg("--help").env("COLUMNS", "100").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}
