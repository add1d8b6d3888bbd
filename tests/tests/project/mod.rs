//! The project with one more small study, in a temporary folder, and the real tools of the last `make build`.
#![allow(dead_code, reason = "each test file uses what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const SMOKE: &str = r#"
name = "smoke"
seeds = [1]
[data]
dataset = "sample"
tokenizer = "sample-bert"
max_seq_length = 64
train_examples = 1600
test_examples = 400
[defaults]
encoder = "sample-bert"
weights = "random"
epochs = 3
batch_size = 32
dropout = 0.1
optimizer = { kind = "adamw", encoder_learning_rate = 8e-4, head_learning_rate = 8e-4 }
[[configuration]]
id = "0ML"
blocks = "none"
head = { kind = "mean-linear" }
[[configuration]]
id = "2VA"
blocks = "first:2"
head = { kind = "cls-linear" }
[[configuration]]
id = "TF-IDF"
blocks = "none"
head = { kind = "tf-idf" }
optimizer = { kind = "newton" }
[[configuration]]
id = "custom-embedding"
blocks = "none"
embeddings = { kind = "table", size = 8 }
head = { kind = "bilstm", hidden_size = 8 }
optimizer = { kind = "adam", learning_rate = 1e-3 }
epochs = 1
[[configuration]]
id = "1VF"
blocks = "first:1"
head = { kind = "flatten-linear" }
epochs = 1
[[configuration]]
id = "1LC"
blocks = "last:1"
head = { kind = "concat-bilstm", hidden_size = 8, read_out = "first-padding" }
epochs = 1
"#;

/// The rows of [`SMOKE`].
pub(crate) const RUNS: [&str; 6] = ["0ML", "2VA", "TF-IDF", "custom-embedding", "1VF", "1LC"];

/// The project with one more study, in a temporary folder.
pub(crate) struct Project(tempfile::TempDir);

impl Project {
    pub(crate) fn new() -> Self {
        let project = Project(tempfile::tempdir().unwrap());
        fs::copy(root().join("Makefile"), project.path("Makefile")).unwrap();
        for folder in ["pipelines", "out"] {
            fs::create_dir_all(project.path(folder)).unwrap();
        }
        fs::copy(root().join("out/README.md"), project.path("out/README.md")).unwrap();
        project.write("pipelines/smoke.toml", SMOKE);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let bin = bin();
        let mut command = Command::new("make");
        for inherited in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "STUDY", "BACKEND", "DEVICE", "LIBTORCH"] {
            command.env_remove(inherited);
        }
        let bin = format!("BIN={}", bin.display());
        command
            .current_dir(self.0.path())
            .args(["STUDY=smoke", "BACKEND=flex", "DEVICE=flex", "CARGO=true", &bin])
            .args(arguments);
        command
    }

    pub(crate) fn make(&self) -> String {
        let Output { status, stdout, stderr } = self.command(&["all"]).output().unwrap();
        let (text, errors) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert!(status.success(), "{text}\n{errors}");
        text + &errors
    }

    /// The only folder of shards.
    pub(crate) fn shards(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.path("data/shards")).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.is_dir()).unwrap()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A stream without times and memory sizes.
    pub(crate) fn scores(&self, name: &str) -> Vec<String> {
        let measured = ["seconds", "tokens_per_second", "peak_memory_bytes"];
        let numbers = |line: &str| measured.iter().fold(line.to_owned(), |line, name| without(&line, name));
        self.read(name).lines().map(numbers).collect()
    }
}

/// The folder of the tools.
pub(crate) fn bin() -> PathBuf {
    let named = std::env::var_os("BIN").filter(|bin| !bin.is_empty());
    named.map_or_else(|| root().join("target/release"), PathBuf::from)
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// `line` without the number after `"name":`.
pub(crate) fn without(line: &str, name: &str) -> String {
    let key = format!("\"{name}\":");
    let Some(at) = line.find(&key) else { return line.to_owned() };
    let rest = &line[at + key.len()..];
    let end = rest.find([',', '}']).unwrap();
    format!("{}{}", &line[..at], &rest[end..])
}

pub(crate) const METRICS: &str = "out/smoke/runs/2VA-s1/metrics.jsonl";
pub(crate) const PREDICTIONS: &str = "out/smoke/runs/2VA-s1/predictions.test.jsonl";

/// Send SIGKILL to all processes in the project's folder: `make` is dead, but its child may not be.
pub(crate) fn kill_all_trainings_in(project: &Project) {
    let folder = project.0.path().canonicalize().unwrap();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let there = fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
        if there {
            Command::new("kill").arg("-9").arg(process.file_name()).status().unwrap();
        }
    }
}
