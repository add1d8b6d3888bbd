//! Findings of a first attack, kept as regressions.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::place::{Place, bin};

const TRAIN: &str =
    "train --config runs/1VA-s1/config.json --shards shards --model models/sample-bert --device flex --out";
const PREP: &str = "prep --definition s.toml --models models --out sh2";
const ASK: &str = "evaluate --model runs/1VA-s1/model --text - --device flex";
const TEXT: &[u8] = b"{\"id\":1,\"text\":\"good\"}\n";

#[test]
fn links_and_other_folders_are_not_written_through() {
    let place = Place::sound();
    place.write("precious/a", "gold");
    symlink(place.path("precious"), place.path("sh2.partial")).unwrap();
    place.refuses(PREP, b"", "writing `sh2`");
    fs::create_dir(place.path("new")).unwrap();
    symlink(place.path("precious/a"), place.path("new/metrics.jsonl")).unwrap();
    place.refuses(&format!("{TRAIN} new"), b"", "`new` is not empty and not a run's folder");
    place.refuses(
        &format!("{TRAIN} models/sample-bert"),
        b"",
        "is not empty and not a run's folder; choose another `--out`",
    );
    place.refuses(&format!("{TRAIN} shards"), b"", "is not empty and not a run's folder");
    place.refuses(&format!("{TRAIN} ."), b"", "is not empty and not a run's folder");
    fs::remove_file(place.path("runs/1VA-s1/config.json")).unwrap();
    let config = Place::sound().text("runs/1VA-s1/config.json").replace("1VA-s1", "1VB-s1");
    place.write("other.json", config);
    let other = TRAIN.replace("runs/1VA-s1/config.json", "other.json");
    place.refuses(&format!("{other} runs/1VA-s1"), b"", "holds run `1VA-s1`, not `1VB-s1`");
}

#[test]
fn the_claims_of_config_json_are_checked() {
    let config = "runs/1VA-s1/model/config.json";
    let spoilt = |from: &str, to: &str| {
        let place = Place::sound();
        place.replace(config, from, to);
        place
    };
    let attend = "attend --model runs/1VA-s1/model --device flex --text good --format jsonl";
    let blocks = spoilt("\"blocks\": [\n      0\n    ]", "\"blocks\": [0, 1, 2]");
    blocks.refuses(attend, b"", "config.json lists the blocks [0, 1, 2] under `fathom`, but the model has 1");
    let share = spoilt("\"head_share\": 0.5", "\"head_share\": 1e300");
    share.refuses(ASK, TEXT, "`head_share` must be from 0 to 1");
    let swapped = spoilt("\"run\": \"1VA-s1\"", "\"run\": \"2VA-s7\"");
    swapped.refuses("evaluate --run runs/1VA-s1 --shards shards --device flex", b"", "holds run `2VA-s7`");
    let manifest = Place::sound();
    manifest.replace("shards/manifest.json", "\"max_seq_length\": 32", "\"max_seq_length\": 1000000000");
    manifest.refuses(&format!("{TRAIN} new"), b"", "`max_seq_length` must be from 3");
}

#[test]
fn names_in_records_are_plain_and_short() {
    let report = "report table runs/1VA-s1";
    for (from, to, says) in [
        ("\"kind\":\"cls-linear\"", "\"kind\":\"=ZQ<script>\\u001b|\"", "a `kind` must be a plain name"),
        ("\"run\":\"1VA-s1\"", "\"run\":\"1VA-s2\"", "run `1VA-s2` has the configuration of `1VA-s1`"),
        ("\"accuracy\":", "\"accuracy\":-1e308, \"was\":", "which is not between 0 and 1"),
    ] {
        let place = Place::sound();
        place.replace("runs/1VA-s1/metrics.jsonl", from, to);
        place.refuses(report, b"", says);
    }
    let place = Place::sound();
    place.replace("runs/1VA-s1/predictions.test.jsonl", "\"logits\":[", "\"logits\":[1e39,");
    place.refuses(report, b"", "line 2");
    place.replace("s.toml", "id = \"1VA\"", &format!("id = \"{}\"", "x".repeat(201)));
    place.refuses("plan s.toml", b"", "`id` may hold letters");
    let place = Place::sound();
    place.replace("runs/1VA-s1/metrics.jsonl", "\"hardware\":\"", "\"hardware\":\"=cmd|<script>\\u009b\\n");
    let table =
        place.takes("report table runs/1VA-s1 --format csv", b"") + &place.takes("report page runs/1VA-s1", b"");
    assert!(
        !table.contains("cmd|") && !table.contains("<script>\u{fffd}") && !table.contains('\u{9b}'),
        "{table:.3000}"
    );
}

#[test]
fn two_runs_of_one_seed_count_as_one_seed() {
    let place = Place::sound();
    for file in ["config.json", "metrics.jsonl", "predictions.test.jsonl"] {
        place.write(
            &format!("runs/1VA-x/{file}"),
            place.text(&format!("runs/1VA-s1/{file}")).replace("1VA-s1", "1VA-x"),
        );
    }
    place.refuses("report --verify runs/1VA-s1 runs/1VA-x", b"", "runs `1VA-s1` and `1VA-x` have the same seed");
}

/// Predictions of another recipe must not count as this one's.
#[test]
fn a_run_that_starts_over_removes_old_predictions() {
    let place = Place::sound();
    place.replace("runs/1VA-s1/config.json", "\"dropout\": 0.1", "\"dropout\": 0.3");
    place.takes(&format!("{TRAIN} runs/1VA-s1"), b"");
    assert!(!place.path("runs/1VA-s1/predictions.test.jsonl").exists());
}

#[test]
fn stdout_cannot_control_a_terminal() {
    let place = Place::sound();
    let text = place.takes(ASK, "{\"id\":\"\\u009b31mX\\u202e\",\"text\":\"good\"}\n".as_bytes());
    assert!(text.contains("\\u009b31mX\\u202e") && !text.contains('\u{9b}'), "{text:?}");
}

/// Exit codes stay the same even if no message can be written.
#[test]
fn a_closed_stderr_changes_no_exit_code() {
    let place = Place::sound();
    let line = format!("{}/plan nowhere 2>/dev/full", bin().display());
    assert_eq!(Command::new("bash").args(["-c", &line]).current_dir(place.path(".")).status().unwrap().code(), Some(1));
}

/// A tool never waits for a pipe in the place of a file.
#[test]
fn a_pipe_in_a_folder_is_refused_at_once() {
    for name in ["models/sample-bert/config.json", "models/sample-bert/tokenizer.json", "shards/manifest.json"] {
        let place = Place::sound();
        fs::remove_file(place.path(name)).unwrap();
        Command::new("mkfifo").arg(place.path(name)).status().unwrap();
        assert_eq!(place.ended(&format!("{TRAIN} new")).and_then(|status| status.code()), Some(1), "{name}");
    }
}

#[test]
fn unknown_files_among_checkpoints_are_kept() {
    let place = Place::sound();
    place.write("new/config.json", place.text("runs/1VA-s1/config.json"));
    place.write("new/checkpoints/.DS_Store", "");
    place.takes(&format!("{TRAIN} new"), b"");
}
