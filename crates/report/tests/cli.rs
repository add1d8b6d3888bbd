//! What a person at a shell sees: output, exit codes, refusals in one line.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod fixture;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use records::publish;

use fixture::Made;

/// Exit code, stdout and stderr of a command fed with `stdin`.
fn outcome(command: &mut Command, stdin: &str) -> (Option<i32>, String, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).ok(); // it may refuse before reading
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const REPORT: &str = env!("CARGO_BIN_EXE_report");

fn report(arguments: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    outcome(Command::new(REPORT).args(arguments), stdin)
}

fn stdout(arguments: &[&str], stdin: &str) -> String {
    let (code, stdout, stderr) = report(arguments, stdin);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    stdout
}

/// The stderr of a refusal: exit code 1, nothing on stdout, one line.
fn refusal(arguments: &[&str], stdin: &str) -> String {
    let (code, stdout, line) = report(arguments, stdin);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{line}");
    assert!(line.starts_with("report: ") && line.matches('\n').count() == 1, "{line}");
    line
}

/// A small study: no block, then 1, 2 and 4, two seeds each.
fn study() -> Vec<Made> {
    let both =
        |id: &str, test: [usize; 2]| [1, 2].map(|seed| Made::new(id, seed).test(&[20, test[seed as usize - 1], 34]));
    let mut made: Vec<Made> = both("0BE", [22, 24]).map(|made| made.head("mean-linear").seconds(0.25)).into();
    made.extend(both("1VA", [30, 31]).map(|made| made.published(0.8822).model_bytes(5_002_340)));
    made.extend(both("2VA", [35, 37]).map(|made| made.published(0.8903).seconds(3.0).model_bytes(6_002_340)));
    made.extend(both("4VA", [36, 36]).map(|made| made.published(0.9130).seconds(12.5).model_bytes(433_281_000)));
    made
}

fn metrics(study: &[Made]) -> String {
    study.iter().map(Made::metrics).collect()
}

fn folders(study: &[Made], runs: &Path) -> Vec<String> {
    study.iter().for_each(|made| made.write(runs));
    study.iter().map(|made| runs.join(made.name()).display().to_string()).collect()
}

fn with<'a>(first: &[&'a str], runs: &'a [String], last: &[&'a str]) -> Vec<&'a str> {
    first.iter().copied().chain(runs.iter().map(String::as_str)).chain(last.iter().copied()).collect()
}

#[test]
fn the_table_of_run_folders() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), &folder.path().join("tiny/runs"));
    insta::assert_snapshot!("table_of_folders", stdout(&with(&["table"], &runs, &[]), ""));
}

#[test]
fn the_table_of_concatenated_metrics() {
    insta::assert_snapshot!("table_of_metrics", stdout(&["table", "-", "--margin", "15"], &metrics(&study())));
}

#[test]
fn csv_and_json_carry_the_same_rows_as_fractions() {
    let csv = stdout(&["table", "-", "--format", "csv"], &metrics(&study()));
    insta::assert_snapshot!("table_csv", csv);
    let json = stdout(&["table", "-", "--format", "json"], &metrics(&study()));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.len() + 1, csv.lines().count());
    assert_eq!(rows[2]["test_accuracy"], 0.9);
    assert_eq!(rows[2]["seeds"], serde_json::json!([1, 2]));
    assert_eq!((&rows[2]["peak_epochs"], &rows[2]["model_bytes"]), (&serde_json::json!([2, 2]), &6_002_340.into()));
    assert_eq!([&rows[0]["published_accuracy"], &rows[0]["model_bytes"]], [&serde_json::Value::Null; 2]);
}

#[test]
fn predictions_on_stdin_are_counted_wherever_they_stand() {
    let made = Made::new("2VA", 1).test(&[20, 31, 25]);
    let json = stdout(&["table", "-", "--format", "json"], &(made.predictions() + &made.metrics()));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&rows[0]["test_accuracy"], &rows[0]["interval_method"]),
        (&serde_json::json!(31.0 / 40.0), &"bootstrap".into())
    );
}

#[test]
fn out_is_a_file_whose_ending_tells_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report/table.csv");
    let name = path.display().to_string();
    assert_eq!(stdout(&["table", "-", "--out", &name], &metrics(&study())), "");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("configuration,encoder,head,"));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn the_knee_is_one_sentence() {
    let said = stdout(&["knee", "-"], &metrics(&study()));
    assert!(said.starts_with("2 of 4 blocks reach 100.0 % of the full accuracy at 24 % of the time"), "{said}");
    assert_eq!(said.matches('\n').count(), 1);
}

#[test]
fn plot_writes_every_figure_as_svg_and_png_and_names_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let (runs, out) = (folders(&study(), &folder.path().join("tiny/runs")), folder.path().join("pictures"));
    let out_name = out.display().to_string();
    stdout(&with(&["plot"], &runs, &["--out", &out_name]), "");
    for (figure, texts) in [
        ("accuracy-by-blocks", ["tiny: accuracy by kept blocks", "kept transformer blocks", "cls-linear", "0BE"]),
        ("best-by-depth", ["tiny: the best configuration of each depth", "4 blocks", "4VA", "0BE"]),
    ] {
        let svg = std::fs::read_to_string(out.join(format!("{figure}.svg"))).unwrap();
        for text in texts.into_iter().chain(["test accuracy (%)", "95 % interval", "published"]) {
            assert!(svg.contains(text), "no `{text}` in `{figure}`");
        }
        let png = std::fs::read(out.join(format!("{figure}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{} bytes", png.len());
    }
    assert_eq!(
        std::fs::read_dir(&out).unwrap().count(),
        2 * 5,
        "without predictions of validation nothing is said of confidence"
    );
}

#[test]
fn an_unfinished_stream_is_refused_by_name() {
    let all = metrics(&study());
    let cut = all.trim_end().rfind('\n').unwrap();
    let line = refusal(&["table", "-"], &all[..=cut]);
    assert!(line.contains("metrics of run `4VA-s2` have no `end`: finish it with make, or leave it out"), "{line}");
}

#[test]
fn a_folder_whose_files_disagree_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made::new("2VA", 1).test(&[20, 30, 25]);
    let runs = folders(std::slice::from_ref(&made), folder.path());
    let put = |name: &str, text: String| publish::bytes(&Path::new(&runs[0]).join(name), text.as_bytes()).unwrap();
    put("predictions.test.jsonl", made.clone().test(&[20, 29, 25]).predictions());
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("test accuracy of 0.725, but the metrics record 0.75; remove the predictions"), "{line}");
    put("config.json", made.head("bilstm").configuration().to_string());
    let line = refusal(&["table", &runs[0]], "");
    assert!(line.contains("config.json` is not what `metrics.jsonl` ran: train it again"), "{line}");
}

#[test]
fn nothing_to_read_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().display().to_string();
    for (source, says) in [
        ("-", "no runs in the input: name run folders"),
        ("no/such/run", "no such run: train it with make, or leave it out: reading `no/such/run`"),
        (&empty, "is no trained run: train it with make, or leave it out: reading"),
    ] {
        for verb in ["table", "knee"] {
            let line = refusal(&[verb, source], "");
            assert!(line.contains(says), "{line}");
        }
    }
    refusal(&["plot", "-", "--out", &empty], "");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn wrong_usage_is_2_and_a_reader_that_leaves_is_0() {
    for wrong in [&["table"][..], &["plot", "-"], &["knee", "-", "--margin", "-1"], &["verdict", "-"]] {
        let (code, stdout, stderr) = report(wrong, "");
        assert!(code == Some(2) && stdout.is_empty() && stderr.contains("--help"), "{wrong:?}: {stderr}");
    }
    let script = format!("'{REPORT}' table - | true; exit ${{PIPESTATUS[0]}}");
    let left = outcome(Command::new("bash").args(["-c", &script]), &metrics(&study()));
    assert_eq!(left, (Some(0), String::new(), String::new()));
}

#[test]
fn the_help_shows_what_can_be_pasted() {
    insta::assert_snapshot!("help", stdout(&["--help"], ""));
    insta::assert_snapshot!("help_table", stdout(&["table", "--help"], ""));
}
