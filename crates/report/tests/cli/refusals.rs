//! Records that contradict each other, and what cannot be read.

use std::path::Path;
use std::process::Command;

use records::publish;

use crate::fixture::Made;
use crate::{REPORT, folders, metrics, outcome, refusal, report, stdout, study, with};

#[test]
fn verify_prints_what_it_checked_or_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), folder.path());
    let text = stdout(&with(&["--verify"], &runs, &[]), "");
    assert!(text.starts_with("verified: 8 runs of 4 configurations, each with 40 predictions"), "{text}");
    std::fs::remove_file(folder.path().join("2VA-s1/predictions.test.jsonl")).unwrap();
    std::fs::remove_file(folder.path().join("1VA-s2/metrics.jsonl")).unwrap();
    let (code, _, text) = report(&with(&["--verify"], &runs, &[]), "");
    assert_eq!(code, Some(1));
    assert!(text.contains("left out: run `1VA-s2`, not trained"), "{text}");
    assert!(text.contains("1 missing run: `1VA-s2` (not trained)"), "{text}");
    assert!(text.contains("1 run without test predictions: `2VA-s1`"), "{text}");
    assert_eq!(report(&["-q"], "").0, Some(2));
}

#[test]
fn an_unfinished_stream_is_refused_by_name() {
    let all = metrics(&study());
    let cut = all.trim_end().rfind('\n').unwrap();
    let line = refusal(&["table", "-"], &all[..=cut]);
    assert!(line.contains("metrics of run `4VA-s2` have no `end`: finish it with make, or leave it out"), "{line}");
}

#[test]
fn a_folder_with_contradicting_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made::new("2VA", 1).test(&[20, 30, 25]);
    let runs = folders(std::slice::from_ref(&made), folder.path());
    let put = |name: &str, text: String| publish::bytes(&Path::new(&runs[0]).join(name), text.as_bytes()).unwrap();
    put("predictions.test.jsonl", made.clone().test(&[20, 29, 25]).predictions());
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("test accuracy of 0.725, but the metrics record 0.75: remove the predictions"), "{line}");
    put("config.json", made.head("bilstm").configuration().to_string());
    let line = refusal(&["table", &runs[0]], "");
    assert!(
        line.contains("config.json` differs from the configuration in `metrics.jsonl`: train the run again"),
        "{line}"
    );
    put("config.json", String::new());
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("config.json` is empty: `make` writes it again"), "{line}");
    put("metrics.jsonl", String::new());
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("`2VA-s1`, is not trained"), "{line}");
    put("train.json", "{}".to_owned());
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("`2VA-s1`, is without records in `metrics.jsonl`: remove its folder, then"), "{line}");
    for name in ["config.json", "train.json"] {
        std::fs::remove_file(Path::new(&runs[0]).join(name)).unwrap();
    }
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("metrics.jsonl` is empty: train the run again with make"), "{line}");
}

#[test]
fn runs_of_one_study_must_share_data_and_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let study = [Made::new("1VA", 1), Made::new("2VA", 1).shards("5b")];
    let table = |runs: &[String]| report(&with(&["table"], runs, &[]), "");
    let runs = folders(&study, &folder.path().join("x/runs"));
    for verb in ["table", "verdict", "quality", "--verify"] {
        let line = refusal(&with(&[verb], &runs, &[]), "");
        assert!(
            line.contains("`1VA-s1` and `2VA-s1` were trained on different data: `make` trains the older runs again"),
            "{line}"
        );
    }
    let apart =
        study.each_ref().map(|made| folders(std::slice::from_ref(made), &folder.path().join(made.name()).join("runs")));
    let (code, _, text) = table(&apart.concat());
    assert!(code == Some(0) && text.contains("were trained on different data") && text.lines().count() == 1, "{text}");
    let study = study.map(|made| made.shards("5a"));
    let runs = folders(&study, &folder.path().join("x/runs"));
    let stamp = |run: &str, sha256: &str| {
        let text = serde_json::json!({"weights_sha256": sha256}).to_string();
        publish::bytes(&Path::new(run).join("train.json"), text.as_bytes()).unwrap();
    };
    for (one, two) in [("6a", "6a"), ("6a", "")] {
        [one, two].iter().zip(&runs).for_each(|(sha256, run)| stamp(run, sha256));
        assert_eq!(table(&runs).0, Some(0), "{one} {two}");
    }
    stamp(&runs[1], "6b");
    let line = refusal(&with(&["table"], &runs, &[]), "");
    assert!(line.contains("`1VA-s1` and `2VA-s1` began with different pretrained weights: `make`"), "{line}");
}

#[test]
fn seeds_with_other_weights_are_not_averaged() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&[Made::new("2VA", 1), Made::new("2VA", 2)], folder.path());
    for (name, says) in
        [("weights", "began with different pretrained weights"), ("encoder", "have encoders of different shape")]
    {
        for (run, sha256) in runs.iter().zip(["6a", "6b"]) {
            let text = serde_json::json!({format!("{name}_sha256"): sha256}).to_string();
            publish::bytes(&Path::new(run).join("train.json"), text.as_bytes()).unwrap();
        }
        let line = refusal(&with(&["--verify"], &runs, &[]), "");
        assert!(line.contains(&format!("`2VA-s1` and `2VA-s2` {says}")), "{line}");
    }
}

#[test]
fn an_epoch_beyond_the_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spoilt = Made::new("2VA", 1).metrics().replacen("\"epoch\":1,\"split\"", "\"epoch\":4294967295,\"split\"", 1);
    let line = refusal(&["plot", "-", "--out", &folder.path().display().to_string()], &spoilt);
    assert!(line.contains("`stdin`, line 3: `epoch` is 4294967295, but the configuration has 3 epochs"), "{line}");
}

#[test]
fn an_empty_input_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().display().to_string();
    for (source, says) in [
        ("-", "no finished run in the input: name run folders"),
        ("no/such/run", "no run folder `no/such/run`, and no `no/such/run-s1`: train it with make, or leave it out"),
        ("out/x/runs/*", "no run matches `out/x/runs/*`; the runs of a study lie below `out/STUDY/runs`"),
        (&empty, "is not a trained run: train it with make, or leave it out"),
    ] {
        for verb in ["table", "verdict"] {
            let line = refusal(&[verb, source], "");
            assert!(line.contains(says), "{line}");
        }
    }
    refusal(&["plot", "-", "--out", &empty], "");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn runs_of_which_none_is_finished_are_refused_in_one_line() {
    let place = tempfile::tempdir().unwrap();
    let runs = [1, 2].map(|seed| {
        let run = Made::new("1VA", seed);
        run.write(place.path());
        let folder = place.path().join(run.name());
        ["metrics.jsonl", "predictions.test.jsonl"]
            .iter()
            .for_each(|it| std::fs::remove_file(folder.join(it)).unwrap());
        folder.display().to_string()
    });
    let line = refusal(&["table", &runs[0], &runs[1]], "");
    assert!(line.contains("no finished run of 2: the first, `1VA-s1`, is not trained"), "{line}");
}

#[test]
fn a_folder_of_runs_is_told_from_a_run_that_is_not_trained() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("x");
    folders(&[Made::new("2VA", 1)], &study.join("runs"));
    let told = format!("is a folder of runs: name the runs in it, `{}`", study.join("runs/*").display());
    for source in [study.join("runs"), study] {
        let line = refusal(&["table", &source.display().to_string()], "");
        assert!(line.contains(&told), "{line}");
    }
}

#[test]
fn wrong_usage_exits_with_2_and_a_closed_pipe_with_0() {
    for wrong in [&["table"][..], &["plot", "-"], &["verdict", "-", "--margin", "-1"], &["verdct", "-"]] {
        let (code, stdout, stderr) = report(wrong, "");
        assert!(code == Some(2) && stdout.is_empty() && stderr.contains("--help"), "{wrong:?}: {stderr}");
    }
    let script = format!("'{REPORT}' table - | true; exit ${{PIPESTATUS[0]}}");
    let left = outcome(Command::new("bash").args(["-c", &script]), &metrics(&study()));
    assert_eq!(left, (Some(0), String::new(), String::new()));
}
