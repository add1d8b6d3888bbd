//! `bench` as make calls it, with stubs for the tools and for the peer.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot continue has failed")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::{Value, json};

/// Writes a stream in which every review took a twentieth of a second.
const TRAIN: &str = r#"
mkdir -p "$8" && cat > "$8/metrics.jsonl" <<END
{"type":"step","epoch":1,"step":50,"loss":0.6,"tokens_per_second":10.0}
{"type":"step","epoch":1,"step":100,"loss":0.6,"tokens_per_second":30.0}
{"type":"epoch","epoch":1,"split":"train","loss":0.5,"accuracy":0.5,"examples":8,"seconds":0.4}
{"type":"epoch","epoch":1,"split":"test","loss":0.4,"accuracy":0.5,"examples":2,"seconds":9.0}
END"#;
/// Answers as `peer.py` does, in twice the time.
const PYTHON: &str = r#"echo "noise"; echo '{"examples": 8, "seconds": 0.8, "versions": {"torch": "2"}}'"#;

fn bench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bench"))
}

fn stub(path: &Path, script: &str) {
    std::fs::write(path, format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Run `bench` on rows that the pure-Rust engine can compute, with stubs.
fn measured(what: &str, train: &str, rows: &[&str]) -> assert_cmd::assert::Assert {
    let folder = tempfile::tempdir().unwrap();
    stub(&folder.path().join("train"), train);
    stub(&folder.path().join("python"), PYTHON);
    write_reviews(folder.path());
    let mut command = bench();
    command.args([what, "--device", "flex", "--examples", "8", "--rounds", "2", "--bin"]).arg(folder.path());
    for (flag, name) in [("--shards", "shards"), ("--work", "work"), ("--models", "models"), ("--peer", "python")] {
        command.arg(flag).arg(folder.path().join(name));
    }
    command.args(rows.iter().flat_map(|row| ["--row", row])).assert()
}

/// Write shards of 8 + 2 reviews of 5 tokens under the row's name for them, and a model's shape.
fn write_reviews(folder: &Path) {
    let shards = folder.join("shards/imdb-all-MiniLM-L6-v2-512-head-only-validation0-train8-test2");
    let mut listed = Vec::new();
    for (split, count) in [("train", 8), ("test", 2)] {
        let line =
            |index| json!({"id": format!("{split}/{index}"), "label": 0, "input_ids": [1, 2, 3, 4, 5]}).to_string();
        let text: String = (0..count).map(|index| line(index) + "\n").collect();
        let file = format!("{split}-00000-of-00001.jsonl");
        let sha256 = records::hash::sha256_hex(text.as_bytes());
        records::publish::bytes(&shards.join(&file), text.as_bytes()).unwrap();
        listed.push(json!({"file": file, "split": split, "examples": count, "sha256": sha256}));
    }
    let manifest = json!({
        "data": {"dataset": "imdb", "tokenizer": "t", "max_seq_length": 512}, "labels": ["neg", "pos"], "vocab_size": 9,
        "pad_token_id": 0, "tokenizer_sha256": "", "splits": {}, "shards": listed,
        "duplicates": {"within_train": 0, "within_test": 0, "across": 0},
    });
    records::publish::bytes(&shards.join("manifest.json"), manifest.to_string().as_bytes()).unwrap();
    let config = json!({
        "model_type": "bert", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 6, "num_attention_heads": 2,
        "intermediate_size": 16, "hidden_act": "gelu", "max_position_embeddings": 512, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    });
    let path = folder.join("models/all-MiniLM-L6-v2/config.json");
    records::publish::bytes(&path, config.to_string().as_bytes()).unwrap();
}

fn lines(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_measurement_is_a_line_and_every_row_ends_with_its_summary() {
    let assert = measured("gpu-check", TRAIN, &["base-12-fp32"]).success();
    let lines = lines(&assert.get_output().stdout);
    let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["gemm", "measurement", "summary"]); // one round is all that this row wants, and it has no peer
    let measurement = &lines[1];
    assert_eq!(measurement["examples_per_second"], json!(20.0));
    assert_eq!((&measurement["loss"], &measurement["steady_tokens_per_second"]), (&json!(0.5), &json!(30.0)));
    let share = measurement["gflops_useful"].as_f64().unwrap() / lines[0]["gflops"].as_f64().unwrap();
    assert!((measurement["share_of_ceiling"].as_f64().unwrap() / share - 1.0).abs() < 1e-9);
    assert_eq!(lines[2]["device"], "flex");
}

#[test]
fn the_sides_take_turns_and_the_ratio_is_taken_round_by_round() {
    let assert = measured("compare", TRAIN, &["minilm-6-fp32-plain-peer"]).success();
    let lines = lines(&assert.get_output().stdout);
    let sides: Vec<&str> = lines.iter().filter_map(|line| line["side"].as_str()).collect();
    assert_eq!(sides, ["ours", "peer", "peer", "ours"]);
    let summary = lines.last().unwrap();
    assert_eq!(summary["ratio"], json!({"median": 2.0, "min": 2.0, "max": 2.0}));
    assert_eq!((&summary["tokens"], &summary["versions"]["torch"]), (&json!(40), &json!("2")));
    assert_eq!(summary["needed"], json!({"ratio": 2.2}));
    let table = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(table.contains("| 20.0 examples/s | 10.0 examples/s | 2.00  | ≥ 2.2 | no      |"), "{table}");
}

/// Without the kernels everything takes twice the time.
#[test]
fn a_row_without_kernels_is_measured_beside_itself() {
    let script = TRAIN.replace(r#""seconds":0.4"#, r#""seconds":$seconds"#);
    let train = format!(
        "seconds=0.4; test -z \"${{FATHOM_KERNELS-}}\" || seconds=0.8; test \"${{FATHOM_KERNELS-rows}}\" = rows\n{script}"
    );
    let assert = measured("compare", &train, &["kernels-rows-alone"]).success();
    let lines = lines(&assert.get_output().stdout);
    assert_eq!(lines.last().unwrap()["ratio"], json!({"median": 2.0, "min": 2.0, "max": 2.0}));
}

#[test]
fn a_row_that_the_device_cannot_compute_is_skipped_with_a_message() {
    let assert = measured("gpu-check", TRAIN, &["step-bilstm", "step-cls-linear-fp32"]).success();
    assert.stderr(predicate::str::contains("step-bilstm: skipped, because device `flex` has no bf16"));
}

#[test]
fn a_failing_tool_stops_the_benchmark_with_its_last_line() {
    let assert = measured("gpu-check", "echo no such weights >&2; exit 1", &["step-cls-linear-fp32"]).code(1);
    assert.stderr(
        predicate::str::contains("row `step-cls-linear-fp32`, our side: ")
            .and(predicate::str::contains("failed (exit status: 1): no such weights")),
    );
}

#[test]
fn a_missing_device_stops_the_benchmark_before_it_starts() {
    let assert = bench().args(["gpu-check", "--device", "cuda:99"]).assert().code(1);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.starts_with("bench: device `cuda:99` ") && message.lines().count() == 1, "{message}");
    assert!(assert.get_output().stdout.is_empty());
}

/// `bench compare` in an empty folder with a stub in the place of `program`, which writes its arguments down and fails.
fn set_up(program: &str, arguments: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    stub(&folder.path().join(program), "echo \"$@\" > asked; exit 1");
    let path = std::env::join_paths([folder.path(), Path::new("/bin")]).unwrap();
    let mut command = bench();
    command.current_dir(folder.path()).env("PATH", path).args(["compare", "--device", "flex", "--bin", "."]);
    let assert = command.args(arguments).assert().code(1);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    (std::fs::read_to_string(folder.path().join("asked")).unwrap(), message)
}

#[test]
fn a_missing_model_and_a_missing_python_are_brought_first() {
    let row = ["--row", "minilm-6-fp32-plain-peer"];
    let (asked, message) = set_up("fetch", &row);
    assert_eq!(asked, "model all-MiniLM-L6-v2 --out data/models\n");
    assert!(message.ends_with("`./fetch` failed (exit status: 1); its message is above\n"), "{message}");
    let (asked, _) = set_up("python3", &[&row[..], &["--peer"]].concat());
    assert_eq!(asked, "-m venv data/bench-venv\n");
}

#[test]
fn an_unknown_row_is_refused_with_a_list_of_rows() {
    let assert = bench().args(["compare", "--row", "minilm-6-bf61"]).assert().code(1);
    assert.stderr(predicate::str::contains("bench: unknown row `minilm-6-bf61`, expected one of `minilm-6-bf16`"));
}

#[test]
fn a_bare_matrix_product_has_a_rate() {
    let assert = bench().args(["gemm", "--device", "flex", "--precision", "fp32"]).assert().success();
    assert!(lines(&assert.get_output().stdout)[0]["gflops"].as_f64().unwrap() > 0.1);
    bench().args(["gemm", "--device", "flex"]).assert().code(1).stderr("bench: device `flex` has no bf16\n");
}

/// A training of one epoch: half a second alone, `seconds` where another has begun beside it.
fn train_beside(seconds: f64) -> String {
    let configuration = json!({"id": "a-s1", "configuration": "a", "seed": 1, "encoder": "e", "weights": "random",
        "blocks": "first:1", "head": {"kind": "cls-linear"}, "precision": "fp32", "epochs": 1, "batch_size": 32,
        "dropout": 0.1, "optimizer": {"kind": "adamw"}});
    let begin = json!({"type": "begin", "run": "a-s1", "configuration": configuration, "shards_sha256": "5a",
        "provenance": {"commit": "c", "burn": "none", "libtorch": "none", "device": "flex", "hardware": "h", "threads": 4096},
        "parameters": 1, "blocks": [0], "encoder_blocks": 1});
    let epoch = r#"{"type":"epoch","epoch":1,"split":"train","loss":0.5,"accuracy":0.5,"examples":8,"seconds":'"$s"'}"#;
    format!(
        "mkdir -p \"$8\"; sleep 0.5; s=0.5; if [ $(ls \"$8/..\" | wc -l) -gt 1 ]; then s={seconds}; fi\n\
         echo '{begin}' > \"$8/metrics.jsonl\"; echo '{epoch}' >> \"$8/metrics.jsonl\""
    )
}

#[test]
fn trainings_beside_one_another_are_held_against_their_fair_share() {
    let folder = tempfile::tempdir().unwrap();
    stub(&folder.path().join("train"), &train_beside(3.0));
    let mut command = bench();
    command.args(["neighbours", "--device", "flex", "--rounds", "2", "--bin"]).arg(folder.path());
    let assert = command.arg("--out").arg(folder.path().join("out")).assert().success();
    let line = &lines(&assert.get_output().stdout)[0];
    assert_eq!((&line["alone"]["median"], &line["beside"]["min"]), (&json!(0.5), &json!(3.0)));
    // The stub says that it uses 4096 threads, so that three share what one had.
    let processors = std::thread::available_parallelism().unwrap().get() as f64;
    assert_eq!(line["over_fair_share"], json!(3.0 / (0.5 * (3.0 * 4096.0 / processors))));
    assert!(!folder.path().join("out").exists());
    let records = folder.path().join("r.jsonl");
    std::fs::write(&records, line.to_string() + "\n").unwrap();
    let printed = String::from_utf8(results(&[records]).success().get_output().stdout.clone()).unwrap();
    assert!(printed.contains("| `a-s1` | 4096 | 0.50 (0.50–0.50) s | 3 | 3.00 (3.00–3.00) s |"), "{printed}");
}

/// The folder of the records that this project publishes.
fn records_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bench")
}

fn results(files: &[std::path::PathBuf]) -> assert_cmd::assert::Assert {
    bench().arg("results").args(files).assert()
}

#[test]
fn the_committed_results_are_those_of_the_records() {
    let entries = std::fs::read_dir(records_folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "jsonl")).collect();
    files.sort();
    let printed = String::from_utf8(results(&files).success().get_output().stdout.clone()).unwrap();
    let committed = std::fs::read_to_string(records_folder().join("RESULTS.md")).unwrap();
    assert!(printed == committed, "run `bench results tests/bench/*.jsonl --out tests/bench/RESULTS.md`");
    assert_eq!(printed.matches("\nRecords: ").count(), files.len());
}

#[test]
fn a_section_names_date_machine_and_commit_and_leaves_single_measurements_out() {
    let printed = results(&[records_folder().join("2026-11-26-h100.jsonl")]).success();
    let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("\n## 2026-11-26: NVIDIA H100 80GB HBM3, 16 threads, device `cuda:0`\n"), "{printed}");
    assert!(
        printed.contains("\nCommit 528174616bc8-dirty; burn 0.22.1, libtorch 2.11.0, torch 2.11.0+cu130"),
        "{printed}"
    );
    let row = printed.lines().find(|line| line.starts_with("| `base-12-bf16`")).unwrap();
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    assert_eq!(
        cells[2..7],
        ["958.5 (922.5–963.3) examples/s", "781.0 (539.5–820.5) examples/s", "1.23 (1.17–1.71)", "≥ 1.5", "no"]
    );
    assert!(!printed.contains("\"type\""));
}

#[test]
fn a_file_without_results_or_with_a_broken_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    for (text, message) in [
        ("{\"type\":\"gemm\"}\n", "r.jsonl`: holds no result; name a file that `bench` wrote to its end"),
        ("{}\n{\"type\":\"summary\"}\n", "r.jsonl`, line 2: missing field"),
    ] {
        std::fs::write(&path, text).unwrap();
        results(std::slice::from_ref(&path)).code(1).stderr(predicate::str::contains(message));
    }
}
