//! A small study from raw text to chart with the real tools: `make`, `make` again, after lost files, after a kill.
//!
//! The tests use the tools of the last `make build`; `make test` builds them first.
#![expect(clippy::unwrap_used, reason = "a failed test panics")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

mod project;

use project::{METRICS, PREDICTIONS, Project, RUNS, bin, kill_all_trainings_in};

#[test]
fn a_study_runs_to_its_chart_and_a_second_make_does_nothing() {
    let project = Project::new();
    let text = project.make();
    assert!(text.contains("accuracy-by-blocks.svg") && text.contains("2VA"), "{text}");
    for run in RUNS {
        let predictions = project.read(&format!("out/smoke/runs/{run}-s1/predictions.test.jsonl"));
        assert_eq!(predictions.lines().count(), 400 + 2, "{run}");
    }
    for left in [
        "report/best-by-depth.svg",
        "report/table.md",
        "report/table.csv",
        "report/accuracy-by-blocks.svg",
        "report/accuracy-by-blocks.png",
    ] {
        assert!(fs::metadata(project.path(&format!("out/smoke/{left}"))).unwrap().len() > 100, "{left}");
    }
    assert_eq!(project.read(PREDICTIONS).lines().count(), 400 + 2);
    let again = project.make();
    assert!(again.starts_with("nothing to be done"), "{again}");

    let attended = project.command(&["attend", "A=2VA-s1", "B=1VF-s1", "EXAMPLES=3", "TRIED=20"]).output().unwrap();
    assert!(attended.status.success(), "{}", String::from_utf8_lossy(&attended.stderr));
    let page = project.read("out/smoke/report/attend-2VA-s1-1VF-s1.html");
    assert!(page.contains("integrated gradients") && page.contains("How far to trust it"), "{page:.200}");
    assert_errors_of_attend(&project);

    let (before, metrics) = (project.scores(PREDICTIONS), project.read(METRICS));
    fs::remove_file(project.path(PREDICTIONS)).unwrap();
    let third = project.make();
    assert_eq!(third.matches("/evaluate --run").count(), 1, "{third}");
    assert!(!third.contains("/train --config"), "{third}");
    assert_eq!((project.scores(PREDICTIONS), project.read(METRICS)), (before, metrics));
}

fn assert_errors_of_attend(project: &Project) {
    let shards = project.shards();
    let attend = |run: &str, arguments: &[&str]| {
        let run = project.path("out/smoke/runs").join(run);
        let output = Command::new(bin().join("attend")).arg("--run").arg(run).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let text = ["--device", "flex", "--text", "a film"];
    for (run, says) in [
        ("TF-IDF-s1", "`TF-IDF-s1` is TF-IDF"),
        ("custom-embedding-s1", "has no BERT encoder, so no attention"),
        ("0ML-s1", "keeps no block"),
    ] {
        let (code, _, stderr) = attend(run, &text);
        assert!(code == Some(1) && stderr.contains(says) && stderr.lines().count() == 1, "{stderr}");
    }
    let (code, shown, stderr) = attend("custom-embedding-s1", &[&text[..], &["--method", "gradient-input"]].concat());
    assert!(code == Some(0) && shown.contains("gradient × input"), "{stderr}");
    let review = ["--device", "flex", "--shards", shards.to_str().unwrap(), "--format", "jsonl", "--review"];
    let (code, _, stderr) = attend("2VA-s1", &[&review[..], &["test/pos/0_8"]].concat());
    assert!(code == Some(1) && stderr.contains(": no test review `test/pos/0_8`;"), "{stderr}");
    assert!(stderr.contains("did you mean `test/pos/"), "{stderr}");
    let id = project.read(PREDICTIONS).lines().nth(1).unwrap().split('"').nth(7).unwrap().to_owned();
    let (code, known_by_id, _) = attend("2VA-s1", &[&review[..], &[&id]].concat());
    assert!(code == Some(0) && known_by_id.contains("\"label\":\"") && known_by_id.contains(&id), "{known_by_id}");
    let (code, _, stderr) = attend("2VA-s1", &[&text[..], &["--against", "pretrained"]].concat());
    assert!(code == Some(1) && stderr.contains("--models DIR"), "{stderr}");
}

#[test]
fn a_killed_study_gives_the_same_numbers_and_repeats_no_finished_epoch() {
    let (whole, killed) = (Project::new(), Project::new());
    whole.make();
    let mut child = killed.command(&["all"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while !killed.read(METRICS).contains("\"type\":\"epoch\"") && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    kill_all_trainings_in(&killed);
    let kept: Vec<String> =
        killed.read(METRICS).lines().filter(|line| line.contains("\"epoch\",\"epoch\":1")).map(str::to_owned).collect();
    assert!(!kept.is_empty());
    killed.make();
    let now = killed.read(METRICS);
    assert!(kept.iter().all(|line| now.contains(line.as_str())), "a finished epoch was trained again");
    assert_eq!(killed.scores(METRICS), whole.scores(METRICS));
    assert_eq!(killed.scores(PREDICTIONS), whole.scores(PREDICTIONS));
}
