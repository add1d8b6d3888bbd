//! What a person at a shell sees: output, exit codes, refusals in one line.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

#[path = "../fixture/mod.rs"]
mod fixture;
mod flips;
mod pages;
mod quality;
mod refusals;
mod tables;
mod verdict;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

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

/// The same study with predictions.
fn whole(study: &[Made]) -> String {
    study.iter().map(|made| made.metrics() + &made.predictions()).collect()
}

/// Predictions like those of IMDB: with tokens, and ratings in the ids.
fn rated(predictions: &str) -> String {
    let rated = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(i) =
            line["id"].as_str().and_then(|id| id.strip_prefix("test/")).map(|i| i.parse::<usize>().unwrap())
        {
            line["id"] = format!("test/{i}_{}", [1, 9, 4, 10][i % 4]).into();
            line["tokens"] = (20 + 10 * i).min(350).into();
        }
        format!("{line}\n")
    };
    predictions.lines().map(rated).collect()
}

#[test]
fn help_has_examples() {
    insta::assert_snapshot!("help", stdout(&["--help"], ""));
    insta::assert_snapshot!("help_table", stdout(&["table", "--help"], ""));
    for command in ["table", "quality", "verdict", "flips", "plot", "page", "all"] {
        let help = stdout(&[command, "--help"], "");
        assert!(help.contains(&format!("\n  report {command} out/sample/runs/")), "{help}");
    }
}
