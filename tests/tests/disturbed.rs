//! A small study with others at work beside it, with a clock that jumps, with a run that fails.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

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

fn spoken(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Two at once: each waits for the other at the device, and where it writes.
#[test]
fn two_makes_of_one_study_end_with_its_numbers_and_train_every_epoch_once() {
    let (alone, shared) = (Project::new(), Project::new());
    alone.make();
    let start = || shared.command(&["all"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for output in [start(), start()].map(|child| child.wait_with_output().unwrap()) {
        assert!(output.status.success(), "{}", spoken(&output));
    }
    the_same(&alone, &shared);
}

/// Where nothing keeps them apart the second is told who is at work; when it is done, make goes on.
#[test]
fn two_trainings_of_one_run_are_told_apart_and_lose_nothing() {
    let (alone, shared) = (Project::new(), Project::new());
    alone.make();
    let start =
        || shared.command(&["all", "LAUNCH=env"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for output in [start(), start()].map(|child| child.wait_with_output().unwrap()) {
        let said = spoken(&output);
        assert!(output.status.success() || said.contains("is at work here; wait until it ends"), "{said}");
    }
    shared.make();
    the_same(&alone, &shared);
}

fn the_same(alone: &Project, shared: &Project) {
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

/// Every file a day older or younger than it is, in turns: make may look again, but nothing is trained again.
#[test]
fn a_clock_that_jumps_costs_no_epoch() {
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
        let said = project.make();
        assert!(!said.contains(": epoch 1:"), "{said}");
        assert!(numbers() == before && project.read("out/smoke/report/table.md") == table);
    }
}

/// The encoder of one run has weights so large that nothing can be computed with them.
#[test]
fn a_run_that_fails_stops_no_other_and_is_listed_with_the_reason() {
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
    let said = spoken(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("train: run `2VA-s1`, epoch 1, step "), "{said}");
    assert!(
        said.contains("the loss became NaN or infinite at learning rates of")
            && said.contains("no checkpoint was written"),
        "{said}"
    );
    for run in RUNS.iter().filter(|run| **run != "2VA") {
        assert!(project.path(&format!("out/smoke/runs/{run}-s1/predictions.test.jsonl")).exists(), "{run}");
    }
    let output = project.command(&["so-far"]).output().unwrap();
    assert!(output.status.success(), "{}", spoken(&output));
    assert!(spoken(&output).contains("left out: run `2VA-s1`, stopped in epoch 1, step "), "{}", spoken(&output));
    assert!(project.read("out/smoke/report/index.html").contains("stopped in epoch 1, step "));
}
