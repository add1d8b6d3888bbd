//! Parquet from the tools that write it to shards, with the real `plan`, `prep` and `parquet-rows`.
#![expect(clippy::unwrap_used, reason = "a failed test panics")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod project;

use project::{Project, bin, root};

const STUDY: &str = r#"
name = "own"
[data]
dataset = "jsonl"
tokenizer = "sample-bert"
max_seq_length = 16
[[configuration]]
id = "a"
encoder = "sample-bert"
blocks = "first:1"
"#;

fn data(name: &str) -> PathBuf {
    root().join("crates/parquet-rows/tests/data").join(name)
}

/// A project with a study of own texts, and the embedded model.
fn project() -> Project {
    let project = Project::new();
    project.write("own.toml", STUDY);
    assert!(run(&project, "fetch", &["model", "sample-bert", "--out", "models"]).status.success());
    project
}

fn run(project: &Project, tool: &str, arguments: &[&str]) -> Output {
    Command::new(bin().join(tool)).current_dir(project.path("")).args(arguments).output().unwrap()
}

fn prep(project: &Project, input: &Path) -> Output {
    let input = input.to_str().unwrap();
    let arguments = ["--definition", "own.toml", "--models", "models", "--out", "shards", "--input", input];
    run(project, "prep", &arguments)
}

fn said(output: Output) -> String {
    String::from_utf8(output.stderr).unwrap()
}

fn shards(project: &Project, input: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let output = prep(project, input);
    assert!(output.status.success(), "{}: {}", input.display(), said(output));
    let files = fs::read_dir(project.path("shards")).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn the_same_rows_give_the_same_shards_from_every_format_and_writer() {
    let project = project();
    let expected = shards(&project, &data("rows.csv"));
    assert!(expected.len() > 3 && shards(&project, &data("rows.jsonl")) == expected);
    let mut written: Vec<PathBuf> = fs::read_dir(data("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    written.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    written.retain(|path| {
        !["nulls", "latin-1", "brotli", "kinds", "empty"].contains(&path.file_stem().unwrap().to_str().unwrap())
    });
    assert_eq!(written.len(), 11);
    for path in written {
        assert!(shards(&project, &path) == expected, "{}", path.display());
    }
}

#[test]
fn split_files_of_parquet_and_csv_give_the_shards_of_one_table() {
    let project = project();
    assert!(shards(&project, &data("split")) == shards(&project, &data("split.csv")));
}

#[test]
fn a_new_study_is_planned_from_parquet() {
    let output = run(&project(), "plan", &["new", data("datasets.parquet").to_str().unwrap(), "--out", "new.toml"]);
    let (is_success, said) = (output.status.success(), said(output));
    assert!(is_success && said.contains("classes   3: `bad, very` 33.3 %, `good` 33.3 %, `so-so` 33.3 %"), "{said}");
}

#[test]
fn what_cannot_be_read_is_refused_with_file_row_and_column() {
    let project = project();
    for (name, says) in [
        ("nulls", "nulls.parquet`, row 2: `label` is null; give the text a label, or leave the line out"),
        ("latin-1", "latin-1.parquet`, row 2: column `text`: the text is not UTF-8"),
        ("kinds", "kinds.parquet`: column `text` holds lists or records"),
        ("empty", "empty.parquet`: holds no examples"),
        ("brotli", "write the file again with snappy, gzip or zstd"),
    ] {
        let said = said(prep(&project, &data(&format!("{name}.parquet"))));
        assert!(said.starts_with("prep: ") && said.lines().count() == 1 && said.contains(says), "{said}");
    }
}

#[test]
fn make_compiles_what_reads_parquet_only_where_there_is_some() {
    let project = Project::new();
    for name in ["mail.parquet", "mail.csv"] {
        project.write(name, "");
    }
    for folder in ["hub/data", "plain"] {
        fs::create_dir_all(project.path(folder)).unwrap();
    }
    project.write("hub/data/train-00000-of-00001.parquet", "");
    project.write("plain/train.csv", "");
    for (input, compiles) in [("mail.parquet", true), ("hub", true), ("mail.csv", false), ("plain", false)] {
        let output = project.command(&["-n", "build-files", &format!("INPUT={input}")]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("-p prep") && text.contains("-p parquet-rows") == compiles, "{input}: {text}");
    }
}
