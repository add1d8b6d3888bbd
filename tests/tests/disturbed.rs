//! A small study with a second make beside it, with a clock that jumps, and with a run that fails.
#![expect(clippy::unwrap_used, reason = "a failed test panics")]

mod project;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use project::{METRICS, PREDICTIONS, Project, RUNS, SMOKE, bin};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Two makes at once: each waits for the other at the device and at shared files.
#[test]
fn two_makes_of_one_study_give_the_same_numbers_and_train_every_epoch_once() {
    let (alone, shared) = (Project::new(), Project::new());
    alone.make();
    let start = || shared.command(&["all"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for output in [start(), start()].map(|child| child.wait_with_output().unwrap()) {
        assert!(output.status.success(), "{}", printed(&output));
    }
    assert_same(&alone, &shared);
}

/// Without that lock, the second training stops and names the first; after both have ended, make continues.
#[test]
fn the_second_training_of_one_run_stops_and_nothing_is_lost() {
    let (alone, shared) = (Project::new(), Project::new());
    alone.make();
    let start =
        || shared.command(&["all", "LAUNCH=env"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for output in [start(), start()].map(|child| child.wait_with_output().unwrap()) {
        let text = printed(&output);
        assert!(output.status.success() || text.contains("uses the folder; wait until it ends"), "{text}");
    }
    shared.make();
    assert_same(&alone, &shared);
}

fn assert_same(alone: &Project, shared: &Project) {
    for name in [METRICS, PREDICTIONS] {
        assert_eq!(shared.scores(name), alone.scores(name));
    }
    let names = |project: &Project| {
        let root = project.path(".");
        let mut names: Vec<PathBuf> =
            files(&root).into_iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect();
        names.retain(|name| name.extension().is_none_or(|end| end != "lock"));
        names.sort();
        names
    };
    assert_eq!(names(shared), names(alone));
}

/// Every file is made a day older or younger, in turns: make may run its tools again, but nothing is trained again.
#[test]
fn a_clock_that_jumps_trains_nothing_again() {
    let project = Project::new();
    project.make();
    let numbers = || RUNS.map(|run| project.read(&format!("out/smoke/runs/{run}-s1/metrics.jsonl")));
    let (before, table) = (numbers(), project.read("out/smoke/report/table.md"));
    for turn in 0..2 {
        for (place, path) in files(&project.path("out")).into_iter().chain(files(&project.path("data"))).enumerate() {
            let (now, day) = (SystemTime::now(), Duration::from_secs(86_400));
            let time = if place % 2 == turn { now + day } else { now - day };
            File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
        }
        let text = project.make();
        assert!(!text.contains(": epoch 1:"), "{text}");
        assert!(numbers() == before && project.read("out/smoke/report/table.md") == table);
    }
}

/// The encoder of one run has weights so large that its loss is not finite.
#[test]
fn a_failed_run_stops_no_other_and_is_listed_with_the_reason() {
    let project = Project::new();
    let fetch = |folder: &str| {
        let mut command = Command::new(bin().join("fetch"));
        command.args(["model", "sample-bert", "-q", "--out"]).arg(project.path(folder));
        assert!(command.status().unwrap().success());
    };
    fetch("data/models");
    fetch("data/wild");
    fs::rename(project.path("data/wild/sample-bert"), project.path("data/models/wild-bert")).unwrap();
    let config = project.read("data/models/wild-bert/config.json").replace("0.04", "1e30");
    project.write("data/models/wild-bert/config.json", &config);
    project.write("pipelines/smoke.toml", &SMOKE.replace("id = \"2VA\"\n", "id = \"2VA\"\nencoder = \"wild-bert\"\n"));
    let output = project.command(&["-k", "all"]).output().unwrap();
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("train: run `2VA-s1`, epoch 1, step "), "{text}");
    assert!(
        text.contains("the loss became NaN or infinite at learning rates of")
            && text.contains("no checkpoint was written"),
        "{text}"
    );
    for run in RUNS.iter().filter(|run| **run != "2VA") {
        assert!(project.path(&format!("out/smoke/runs/{run}-s1/predictions.test.jsonl")).exists(), "{run}");
    }
    let output = project.command(&["so-far"]).output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    assert!(printed(&output).contains("left out: run `2VA-s1`, stopped in epoch 1, step "), "{}", printed(&output));
    assert!(project.read("out/smoke/report/index.html").contains("stopped in epoch 1, step "));
}
