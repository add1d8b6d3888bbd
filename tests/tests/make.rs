//! What `make` makes again and what it keeps: the Makefile with stub tools in place of the real ones.
//!
//! `plan` is the real one, from the last `make build`, because it compares content where make compares times. A stub
//! writes its name to `ran.log`. The study has one row for each id, with its seeds and epochs.
#![expect(clippy::unwrap_used, reason = "a failed test panics")]

#[path = "make/given.rs"]
mod given;
#[path = "make/inputs.rs"]
mod inputs;
mod project;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

const ROWS: [(&str, &str, usize); 2] = [("A", "1, 2", 1), ("B", "1", 2)];

/// A study file of `rows`: id, seeds, epochs.
fn study(rows: &[(&str, &str, usize)]) -> String {
    let row = |(id, seeds, epochs): &(&str, &str, usize)| {
        format!("[[configuration]]\nid = \"{id}\"\nseeds = [{seeds}]\nepochs = {epochs}\n")
    };
    let model = "data = { dataset = \"sample\", tokenizer = \"sample-bert\" }";
    format!("name = \"stub\"\n{model}\n{}", rows.iter().map(row).collect::<String>())
}

const FETCH: &str = r#"mkdir -p "$4/$2"; for name in tokenizer config; do [ -e "$4/$2/$name.json" ] || echo {} > "$4/$2/$name.json"; done"#;
const PREP: &str = r#"mkdir -p "$6"; echo "$*" > "$6/manifest.json""#;
/// Fails if another training holds the device. If the file `trip` exists, it writes one epoch and kills itself.
const TRAIN: &str = r#"
case $1 in --check | --estimate) cat > /dev/null; echo "called $1"; exit ;; esac
mkdir held || { echo "two trainings at once" >> ran.log; exit 1; }
sleep 0.05; rmdir held
[ -e "$8/epoch-1" ] && echo "resumed $8" >> ran.log
touch "$8/epoch-1"
if [ -e trip ]; then rm trip; kill -9 $$; fi
echo "$*" > "$8/train.json""#;
const EVALUATE: &str = r#"
run=$2; while [ "$1" != --out ]; do shift; done
echo "predictions of $run" > "$2""#;
const REPORT: &str = r#"
while [ $# -gt 0 ] && [ "$1" != --out ]; do what=${what:-$1}; shift; done
case $what in
  all) mkdir -p "$2"; printf "| the table |\n\nthe verdict\n" > "$2/table.md"
    for name in accuracy-by-blocks.svg best-by-depth.svg table.csv verdict.md verdict.json quality.md quality.csv index.html; do
      echo made > "$2/$name"
    done ;;
esac"#;

/// A project with the real Makefile, stub tools and one study.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Project(tempfile::tempdir().unwrap());
        let makefile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Makefile");
        fs::copy(makefile, project.path("Makefile")).unwrap();
        fs::create_dir_all(project.path("out")).unwrap();
        project.write("pipelines/stub.toml", &study(&ROWS));
        fs::copy(project::bin().join("plan"), {
            fs::create_dir_all(project.path("bin")).unwrap();
            project.path("bin/plan")
        })
        .unwrap();
        for (name, script) in tools() {
            project.write(&format!("bin/{name}"), &stub(name, script));
            assert!(project.run("chmod", &["+x", &format!("bin/{name}")]).status.success());
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        write_whole(&self.path(name), text);
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        // The variables of an outer make must not reach the inner one.
        for name in [
            "MAKEFLAGS",
            "MFLAGS",
            "MAKELEVEL",
            "STUDY",
            "BACKEND",
            "DEVICE",
            "LAUNCH",
            "MODELS_DIR",
            "INPUT",
            "IMDB_ARCHIVE",
            "LIBTORCH",
            "MARGIN",
            "HEAD",
            "A",
            "B",
            "EXAMPLES",
            "TRIED",
            "CARGO_TARGET_DIR",
        ] {
            command.env_remove(name);
        }
        command.current_dir(self.0.path()).args(args).output().unwrap()
    }

    fn make_with(&self, args: &[&str]) -> Output {
        fs::remove_file(self.path("ran.log")).ok();
        let own = ["STUDY=stub", "BIN=bin", "CARGO=true", "BACKEND=flex"];
        self.run("make", &[own.as_slice(), args].concat())
    }

    /// Run make, which must succeed. Returns what the tools did, sorted, and make's stdout.
    fn make(&self, args: &[&str]) -> (Vec<String>, String) {
        let output = self.make_with(args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let mut ran: Vec<_> = self.read("ran.log").lines().map(str::to_owned).collect();
        ran.sort();
        (ran, text)
    }

    /// From now on, new files are newer than all existing ones.
    fn later(&self) {
        let past = SystemTime::now() - Duration::from_secs(60);
        let files = self.run("find", &[".", "-type", "f", "-newermt", "@0"]).stdout;
        for file in String::from_utf8(files).unwrap().lines() {
            let modified = fs::metadata(self.path(file)).unwrap().modified().unwrap();
            let older = modified - Duration::from_secs(60);
            let file = fs::File::options().append(true).open(self.path(file)).unwrap();
            file.set_modified(older.min(past)).unwrap();
        }
    }

    fn touch(&self, name: &str) {
        fs::File::options().append(true).open(self.path(name)).unwrap().set_modified(SystemTime::now()).unwrap();
    }
}

fn tools() -> [(&'static str, &'static str); 5] {
    [("fetch", FETCH), ("prep", PREP), ("train", TRAIN), ("evaluate", EVALUATE), ("report", REPORT)]
}

/// A stub logs its calls, except checks and plans, which cost nothing.
fn stub(name: &str, script: &str) -> String {
    let logged = match name {
        "fetch" => String::new(),
        "train" => r#"case $1 in --check | --estimate) ;; *) echo "train ${8##*/}" >> ran.log ;; esac"#.to_owned(),
        "evaluate" => r#"case $7 in --latency) what=latency ;; *) what=$8 ;; esac
echo "evaluate ${2##*/} $what" >> ran.log"#
            .to_owned(),
        "report" => r#"echo "report $1" >> ran.log"#.to_owned(),
        _ => format!("echo {name} >> ran.log"),
    };
    format!("#!/usr/bin/env bash\nset -eu\n{logged}\n{script}\n")
}

#[expect(clippy::disallowed_methods, reason = "no process reads these while they are written")]
fn write_whole(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const REPORTED: [&str; 1] = ["report all"];

/// `stages`, and the report that follows them.
fn and_report(stages: &[&str]) -> Vec<String> {
    let mut all: Vec<_> = stages.iter().chain(&REPORTED).map(|&line| line.to_owned()).collect();
    all.sort();
    all
}

#[test]
fn a_first_run_makes_everything_once_with_table_charts_and_page() {
    let project = Project::new();
    let (ran, text) = project.make(&[]);
    let runs = ["A-s1", "A-s2", "B-s1"];
    let stages = runs
        .iter()
        .flat_map(|run| [format!("train {run}"), format!("evaluate {run} test"), format!("evaluate {run} validation")]);
    let others = ["prep", "evaluate A-s1 latency", "evaluate B-s1 latency"].map(str::to_owned);
    let mut expected: Vec<_> = stages.chain(others).chain(and_report(&[])).collect();
    expected.sort();
    assert_eq!(ran, expected);
    let charts = ["accuracy-by-blocks", "best-by-depth"].map(|name| format!("chart: out/stub/report/{name}.svg\n"));
    let end = format!("| the table |\n\nthe verdict\n\n{}page:  out/stub/report/index.html\n", charts.concat());
    assert!(text.ends_with(&end), "{text}");
    assert_eq!(project.read("out/stub/runs/B-s1/predictions.test.jsonl"), "predictions of out/stub/runs/B-s1\n");
}

#[test]
fn the_estimate_is_printed_once_and_again_after_the_study_changes() {
    let project = Project::new();
    let (_, text) = project.make(&[]);
    let estimate = text.find("study    stub\ncalled --estimate\n").unwrap_or_else(|| panic!("{text}"));
    assert!(estimate < text.find("/train --config").unwrap());
    project.later();
    assert!(!project.make(&[]).1.contains("--estimate"));
    project.write("pipelines/stub.toml", &study(&[ROWS[0], ("B", "1", 3)]));
    assert!(project.make(&[]).1.contains("called --estimate"));
    assert_eq!(project.make(&["estimate"]).1, "study    stub\ncalled --estimate\n");
}

#[test]
fn without_a_measurement_the_runs_are_trained_all_the_same() {
    let project = Project::new();
    let failing = TRAIN.replace("--check | --estimate)", "--estimate) exit 1 ;; --check)");
    project.write("bin/train", &stub("train", &failing));
    let (ran, text) = project.make(&[]);
    assert!(text.contains("study    stub\ntime     could not be measured\n"), "{text}");
    assert_eq!(ran.iter().filter(|line| line.starts_with("train")).count(), 3);
}

#[test]
fn a_second_run_does_nothing_and_prints_one_line() {
    let project = Project::new();
    project.make(&[]);
    let (ran, text) = project.make(&[]);
    assert_eq!(ran, [""; 0]);
    assert!(text.starts_with("nothing to be done: ") && text.lines().count() == 1, "{text}");
    assert_eq!(project.make(&["-j2"]).0, [""; 0]);
}

#[test]
fn a_touched_study_trains_nothing_and_the_next_run_does_nothing() {
    let project = Project::new();
    project.make(&[]);
    project.later();
    project.touch("pipelines/stub.toml");
    assert_eq!(project.make(&[]).0, [""; 0]);
    let (_, text) = project.make(&[]);
    assert!(text.starts_with("nothing to be done: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn an_edited_configuration_retrains_its_own_runs_only() {
    let project = Project::new();
    project.make(&[]);
    project.later();
    project.write("pipelines/stub.toml", &study(&[ROWS[0], ("B", "1", 3)]));
    assert_eq!(
        project.make(&[]).0,
        and_report(&[
            "train B-s1",
            "resumed out/stub/runs/B-s1",
            "evaluate B-s1 latency",
            "evaluate B-s1 test",
            "evaluate B-s1 validation"
        ])
    );
}

#[test]
fn only_a_new_configuration_is_trained() {
    let project = Project::new();
    project.make(&[]);
    project.later();
    project.write("pipelines/stub.toml", &study(&[ROWS[0], ROWS[1], ("C", "1", 2)]));
    assert_eq!(
        project.make(&[]).0,
        and_report(&["train C-s1", "evaluate C-s1 latency", "evaluate C-s1 test", "evaluate C-s1 validation"])
    );
}

#[test]
fn a_deleted_prediction_file_is_made_again_and_the_report_with_it() {
    let project = Project::new();
    project.make(&[]);
    project.later();
    fs::remove_file(project.path("out/stub/runs/A-s2/predictions.test.jsonl")).unwrap();
    assert_eq!(project.make(&[]).0, and_report(&["evaluate A-s2 test"]));
}

#[test]
fn a_deleted_chart_is_drawn_again() {
    let project = Project::new();
    project.make(&[]);
    fs::remove_file(project.path("out/stub/report/best-by-depth.svg")).unwrap();
    assert_eq!(project.make(&["plot"]).0, ["report all"]);
    assert!(project.path("out/stub/report/best-by-depth.svg").exists());
}

#[test]
fn another_margin_or_head_makes_only_the_report_again() {
    let project = Project::new();
    project.make(&[]);
    assert_eq!(project.make(&["MARGIN=1"]).0, ["report all"]);
    assert_eq!(project.make(&["MARGIN=1"]).0, [""; 0]);
    assert_eq!(project.make(&["HEAD=best"]).0, ["report all"]);
}

#[test]
fn a_deleted_configuration_is_written_again() {
    let project = Project::new();
    project.make(&[]);
    fs::remove_file(project.path("out/stub/runs/A-s2/config.json")).unwrap();
    assert!(project.make(&[]).0.contains(&"train A-s2".to_owned()));
    assert!(project.path("out/stub/runs/A-s2/config.json").exists());
}

#[test]
fn a_killed_training_fails_make_and_resumes_without_the_others() {
    let project = Project::new();
    project.make(&["prep"]);
    project.write("trip", "");
    let failed = project.make_with(&[]);
    assert!(!failed.status.success());
    assert_eq!(project.read("ran.log"), "train A-s1\n");
    let (ran, _) = project.make(&[]);
    let resumed: Vec<_> = ran.iter().filter(|line| line.starts_with("resumed")).collect();
    assert_eq!(resumed, ["resumed out/stub/runs/A-s1"]);
    assert_eq!(ran.iter().filter(|line| line.starts_with("train")).count(), 3);
}

#[test]
fn a_failed_tool_leaves_nothing_that_looks_finished() {
    let project = Project::new();
    project.write("bin/evaluate", "#!/bin/sh\necho half; exit 1\n");
    assert!(!project.make_with(&["evaluate"]).status.success());
    assert!(!project.path("out/stub/runs/A-s1/predictions.test.jsonl").exists());
    project.write("bin/prep", "#!/bin/sh\necho half > $6/manifest.json; exit 1\n");
    fs::remove_file(project.path("data/shards/sample-sample-bert-256-head-only/manifest.json")).unwrap();
    assert!(!project.make_with(&["prep"]).status.success());
    assert!(!project.path("data/shards/sample-sample-bert-256-head-only/manifest.json").exists());
}

#[test]
fn a_failed_build_stops_make_before_the_old_binaries_run() {
    let project = Project::new();
    assert!(!project.make_with(&["CARGO=false"]).status.success());
    assert_eq!(project.read("ran.log"), "");
    assert!(!project.path("out/stub/plan.mk").exists());
}

#[test]
fn a_wrong_configuration_stops_everything_before_the_first_training() {
    let project = Project::new();
    project
        .write("bin/train", "#!/bin/sh\n[ \"$1\" = --check ] && { cat > /dev/null; exit 1; }; echo train >> ran.log\n");
    assert!(!project.make_with(&[]).status.success());
    assert_eq!(project.read("ran.log"), "");
    assert!(!project.path("out/stub/checked-sample-bert.jsonl").exists());
}

#[test]
fn a_changed_report_binary_redraws_the_report_and_others_change_nothing() {
    let project = Project::new();
    project.make(&[]);
    project.later();
    project.touch("bin/report");
    assert_eq!(project.make(&[]).0, and_report(&[]));
    project.later();
    ["train", "evaluate", "prep", "plan", "fetch"].iter().for_each(|tool| project.touch(&format!("bin/{tool}")));
    assert_eq!(project.make(&[]).0, [""; 0]);
}

#[test]
fn trainings_on_one_device_never_overlap() {
    let project = Project::new();
    let (ran, _) = project.make(&["-j4"]);
    assert!(!ran.contains(&"two trainings at once".to_owned()));
    assert_eq!(ran.iter().filter(|line| line.starts_with("train")).count(), 3);
}

#[test]
fn trainings_of_the_sample_share_the_device_and_measurements_do_not() {
    let project = Project::new();
    project.write("pipelines/sample.toml", &study(&ROWS).replace("stub", "sample"));
    let planned = project.make_with(&["-n", "STUDY=sample"]);
    let text = String::from_utf8(planned.stdout).unwrap();
    let each = |what: &str, lock: &str| {
        let mut lines = text.lines().filter(|line| line.contains(what)).peekable();
        assert!(lines.peek().is_some() && lines.all(|line| line.starts_with(lock)), "{what}: {text}");
    };
    for shared in ["bin/train --config out", "--split test"] {
        each(shared, "env RAYON_NUM_THREADS=1 flock --shared ");
    }
    each("--latency", "flock --no-fork ");
}

#[test]
fn launch_replaces_the_lock() {
    let project = Project::new();
    project.make(&["LAUNCH=env LAUNCHED=1"]);
    assert!(!project.path("out/.auto.lock").exists());
    assert!(project.path("out/stub/runs/A-s1/train.json").exists());
}

#[test]
fn targets_without_a_study_plan_nothing() {
    let project = Project::new();
    fs::remove_file(project.path("pipelines/stub.toml")).unwrap();
    let (_, text) = project.make(&["help"]);
    assert!(text.contains("  demo ") && text.contains("LIBTORCH"), "{text}");
    project.make(&["build"]);
}
