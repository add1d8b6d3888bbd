//! `attend` as a user calls it.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use serde_json::Value;

const TEXT: &str = "The plot was not dull at all, Amélie!";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn whole() -> String {
    data("../../../evaluate/tests/data/model").display().to_string()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attend"));
    command.args(["--device", "flex"]).args(arguments).env("COLUMNS", "60");
    command
}

fn attend(arguments: &[&str], input: &str) -> Assert {
    assert_cmd::Command::from_std(command(arguments)).write_stdin(input.to_owned()).assert()
}

/// The output of `attend --model` on stdout.
fn written(arguments: &[&str], input: &str) -> String {
    let model = whole();
    let arguments = [&["--model", &model], arguments].concat();
    String::from_utf8(attend(&arguments, input).success().get_output().stdout.clone()).unwrap()
}

fn refused(arguments: &[&str], input: &str) -> String {
    let model = whole();
    let arguments = [&["--model", &model], arguments].concat();
    String::from_utf8(attend(&arguments, input).code(1).get_output().stderr.clone()).unwrap()
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn line(id: &str, text: &str) -> String {
    serde_json::json!({"id": id, "text": text, "label": 1}).to_string() + "\n"
}

/// A model of the last block alone, with the tokenizer of the whole model.
fn last_block() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(data("last1").join(name), folder.path().join(name)).unwrap();
    }
    std::fs::copy(Path::new(&whole()).join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    folder
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// `tests/reference/attentions.py --golden` wrote the weights of `transformers` for the same texts.
#[test]
fn weights_equal_those_of_transformers() {
    let last = last_block();
    let golden = records(&std::fs::read_to_string(data("expected.jsonl")).unwrap());
    for (name, folder, blocks) in [("whole", whole(), 2), ("last1", last.path().display().to_string(), 1)] {
        let golden: Vec<&Value> = golden.iter().filter(|line| line["model"] == name).collect();
        let input: String = golden.iter().map(|golden| line("t", golden["text"].as_str().unwrap())).collect();
        for (block, head, query) in (0..blocks * 8).map(|i| (i / 8, i / 2 % 4, i % 2)) {
            let numbers_of = [block, head, 2 * query].map(|number: usize| number.to_string());
            let [b, h, q] = numbers_of.each_ref().map(String::as_str);
            let asked =
                ["--model", &folder, "--block", b, "--head", h, "--query", q, "--special", "--format", "jsonl", "-"];
            let found = String::from_utf8(attend(&asked, &input).success().get_output().stdout.clone()).unwrap();
            for (found, golden) in records(&found).iter().zip(&golden) {
                let pretrained = if name == "last1" { 1 } else { block };
                assert_eq!(found["block"], serde_json::json!({"kept": block, "pretrained": pretrained}));
                let expected = numbers(&golden["weights"][block][head][query]);
                let weights: Vec<f64> =
                    found["tokens"].as_array().unwrap().iter().map(|token| token["weight"].as_f64().unwrap()).collect();
                assert_eq!(weights.len(), expected.len());
                assert!(
                    weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5),
                    "{name} {block} {head} {query}"
                );
            }
        }
    }
}

#[test]
fn a_mean_is_over_attention_heads_and_rollout_sums_to_one() {
    let weights = |arguments: &[&str]| -> Vec<f64> {
        let arguments = [arguments, &["--text", TEXT, "--special", "--format", "jsonl"]].concat();
        let record = records(&written(&arguments, "")).remove(0);
        record["tokens"].as_array().unwrap().iter().map(|token| token["weight"].as_f64().unwrap()).collect()
    };
    let heads = ["0", "1", "2", "3"].map(|head| weights(&["--block", "1", "--head", head]));
    for (token, mean) in weights(&["--method", "last-layer"]).into_iter().enumerate() {
        assert!((mean - heads.iter().map(|head| head[token]).sum::<f64>() / 4.0).abs() < 1e-6);
    }
    assert!((weights(&["--method", "rollout"]).iter().sum::<f64>() - 1.0).abs() < 1e-5);
    assert_ne!(weights(&["--method", "first-layer"]), weights(&["--method", "last-layer"]));
}

#[test]
fn spans_count_characters_of_the_original_text() {
    let text = "Café 🎬 fine<br /><br />Amélie, ok";
    let record = records(&written(&["--text", text, "--format", "jsonl"], "")).remove(0);
    let letters: Vec<char> = text.chars().collect();
    let written: String = record["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| {
            let span = numbers(&token["span"]);
            letters[span[0] as usize..span[1] as usize].iter().collect::<String>()
        })
        .collect();
    assert_eq!(written, text.replace("<br />", "").replace(' ', ""));
}

#[test]
fn a_model_compared_with_itself_has_weights_of_zero() {
    let model = whole();
    for method in ["last-layer", "rollout", "gradient-input"] {
        let asked = ["--against", &model, "--method", method, "--text", TEXT, "--format", "jsonl"];
        let record = records(&written(&asked, "")).remove(0);
        assert_eq!(record["against"], "model");
        assert!(record["tokens"].as_array().unwrap().iter().all(|token| token["weight"] == 0.0), "{method}");
    }
}

/// Pretrained block 1 is block 0 of a model that keeps only this block; it reads the embeddings there.
#[test]
fn a_pretrained_block_is_compared_across_different_indices() {
    let last = last_block();
    let name = last.path().display().to_string();
    let weights = |arguments: &[&str]| -> Vec<f64> {
        let arguments = [arguments, &["--text", TEXT, "--special", "--format", "jsonl"]].concat();
        let out = attend(&arguments, "").success().get_output().stdout.clone();
        let record = records(&String::from_utf8(out).unwrap()).remove(0);
        record["tokens"].as_array().unwrap().iter().map(|token| token["weight"].as_f64().unwrap()).collect()
    };
    let model = whole();
    let (ours, theirs) = (weights(&["--model", &model, "--block", "1"]), weights(&["--model", &name, "--block", "0"]));
    let change = weights(&["--model", &model, "--block", "1", "--against", &name]);
    assert!(change.iter().zip(ours.iter().zip(theirs)).all(|(change, (a, b))| (change - (a - b)).abs() < 1e-6));
    let message = refused(&["--block", "0", "--against", &name, "--text", TEXT], "");
    assert!(message.contains("does not keep pretrained block 0, only 1"), "{message}");
}

/// A slow writer gets the answer to each line before it writes the next.
#[test]
fn each_line_is_answered_before_the_next_is_read() {
    let mut child = command(&["--model", &whole(), "--format", "jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ["a", "b"] {
        input.write_all(line(id, TEXT).as_bytes()).unwrap();
        input.flush().unwrap();
        let record: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
        assert_eq!(record["id"], id);
    }
    drop(input);
    assert!(child.wait().unwrap().success() && output.next().is_none());
}

#[test]
fn colours_follow_the_option() {
    let shown = |colours| written(&["--text", TEXT, "--colours", colours], "");
    let (full, palette, none) = (shown("true"), shown("256"), shown("none"));
    assert!(full.contains("\u{1b}[38;2;0;0;0;48;2;255;45;0m") && palette.contains("\u{1b}[38;5;16;48;5;"));
    assert!(!none.contains('\u{1b}') && none.contains('⁴'), "{none}");
    assert_eq!(shown("auto"), none); // stdout is a pipe
    insta::assert_snapshot!("terminal", none);
}

#[test]
fn the_query_token_is_named() {
    let shown = written(&["--text", TEXT, "--block", "1", "--head", "0", "--query", "2"], "");
    assert!(shown.contains("attention head 0, from token 2 (plot)"), "{shown}");
}

#[test]
fn control_characters_in_a_text_are_replaced() {
    let hostile = "good \u{1b}[2J\u{1b}]0;x\u{7} \u{202e}film\u{202c} <img src=x onerror=alert(1)>";
    let shown = written(&["--text", hostile, "--colours", "none"], "");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}') && shown.contains("onerror"), "{shown}");
}

#[test]
fn control_characters_in_an_id_or_a_label_are_replaced() {
    let line = "{\"id\":\"a\\u001b[2J\\nb\",\"label\":\"\\u001b[31mx\",\"text\":\"a film\"}\n";
    let shown = written(&["--colours", "none", "-"], line);
    assert!(!shown.contains('\u{1b}') && shown.contains("true \u{fffd}[31mx"), "{shown}");
    let empty = line.replace("a film", "");
    let model = whole();
    let assert = attend(&["--model", &model, "-"], &(empty + line)).success();
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.contains("skipped") && !message.contains('\u{1b}'), "{message}");
}

/// The largest scaled weight is 1 by min-max, and above 1 in standard deviations.
#[test]
fn the_scale_follows_the_option() {
    let most = |scale| {
        let record = records(&written(&["--text", TEXT, "--scale", scale, "--format", "jsonl"], "")).remove(0);
        record["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["shown"].as_f64().unwrap())
            .fold(f64::MIN, f64::max)
    };
    assert!(most("min-max") == 1.0 && most("z-score") > 1.5);
    let legend = written(&["--text", TEXT, "--scale", "z-score", "--colours", "none"], "");
    assert!(legend.starts_with("from  −0.8 ⁻⁴") && legend.contains("standard deviations"), "{legend}");
}

#[test]
fn a_page_is_self_contained_and_holds_no_text_as_markup() {
    let input = line("<script>alert(1)</script>", "A film <img src=x onerror=alert(1)> I loved") + &line("b", TEXT);
    let page = written(&["--format", "html", "-"], &input);
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("default-src 'none'"));
    assert!(!page.contains("onerror") && !page.contains("alert(1)") && !page.contains("://"), "data are packed");
}

#[test]
fn a_figure_is_a_png() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let out = path.display().to_string();
    assert_eq!(written(&["--text", TEXT, "--format", "png", "--out", &out], ""), "");
    assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn each_error_is_one_sentence() {
    let says = |arguments: &[&str], input: &str, sentence: &str| {
        let message = refused(arguments, input);
        assert!(message.contains(sentence) && message.lines().count() == 1, "{message}");
    };
    says(&["--text", ""], "", "`text 1`: the text is empty, so it has no token to attend to");
    says(&["--text", " <br /> "], "", "the text is empty");
    says(&["--text", "a", "--block", "7"], "", "no block 7: it keeps blocks 0–1 of the pretrained model");
    says(&["--text", "a", "--block", "1", "--head", "4"], "", "no attention head 4: it has 4, counted from 0 to 3");
    says(&["--text", "a", "--block", "1", "--head", "0", "--query", "3"], "", "token 3 does not exist: the text has 3");
    says(&["--format", "jsonl", "-"], "{\"id\":1,\"text\":\"a\"}\n{\"id\":2}\n", "`stdin`, line 2");
    says(&["--format", "jsonl", "-"], "", "the input holds no text");
    says(&["nowhere.jsonl"], "", "reading `nowhere.jsonl`");
    says(&["--review", "a", "--shards", "nothere"], "", "attend: `nothere`: no shards are there; name the folder");
    says(&["--text", "a", "--against", "pretrained"], "", "does not name its pretrained model");
    says(&["--text", "a", "--against", "nowhere"], "", "nowhere");
    let run = attend(&["--run", "nowhere", "--text", "a"], "").code(1).get_output().stderr.clone();
    assert!(String::from_utf8(run).unwrap().contains("there is no folder `nowhere`"));
}

#[test]
fn a_stream_continues_after_an_empty_text() {
    let model = whole();
    let input = line("empty", "") + &line("b", TEXT);
    let assert = attend(&["--model", &model, "--format", "jsonl", "-"], &input).success();
    assert
        .stderr(predicate::str::contains("skipped: `empty`: the text is empty"))
        .stdout(predicate::function(|out: &str| out.lines().count() == 1 && out.contains("\"id\":\"b\"")));
}

#[test]
fn conflicting_options_are_usage_errors() {
    for (arguments, says) in [
        (vec![], "no text was given"),
        (vec!["--text", "a", "--head", "1"], "--method head needs --block N"),
        (vec!["--text", "a", "--method", "rollout", "--block", "1"], "takes no --block N"),
        (vec!["--review", "a"], "--shards"),
        (vec!["--text", "a", "--text", "b", "-"], "cannot be used with"),
    ] {
        let model = whole();
        let arguments = [vec!["--model", &model], arguments].concat();
        attend(&arguments, "").code(2).stderr(predicate::str::contains(says));
    }
}

#[test]
fn help_has_an_example() {
    let help = String::from_utf8(attend(&["--help"], "").success().get_output().stdout.clone()).unwrap();
    assert!(help.contains("Examples:\n  attend --run"), "{help}");
}
