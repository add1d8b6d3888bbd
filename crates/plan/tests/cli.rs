//! Arguments, exit codes, messages, and what is written when.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

use std::path::Path;
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

const STUDY: &str = r#"
name  = "tiny"
seeds = [1, 2]
[data]
dataset        = "sample"
tokenizer      = "sample-bert"
max_seq_length = 64
truncation     = "head+tail"
[defaults]
encoder    = "sample-bert"
epochs     = 2
batch_size = 8
dropout    = 0.1
optimizer  = { kind = "adamw" }
[[configuration]]
id     = "0"
blocks = "none"
head   = { kind = "mean-linear" }
[[configuration]]
id      = "1VA"
encoder = "other"
blocks  = "first:1"
head    = { kind = "cls-linear" }
"#;

/// A copy whose name nobody changed would train on the shards of the first.
#[test]
fn a_study_with_the_name_of_another_is_told_where_make_asks() {
    let folder = Folder::new(STUDY);
    let told =
        "warn: `study.toml` has the `name` of `tiny.toml`, and would share its shards; write `name = \"study\"`\n";
    folder.plan(&["--format", "make"]).success().stderr(contains("shards").not());
    folder.write("tiny.toml", STUDY);
    folder.plan(&["--format", "make"]).success().stderr(contains(told));
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(study: &str) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("study.toml", study);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        records::publish::bytes(&self.0.path().join(name), text.as_bytes()).unwrap();
    }

    fn plan(&self, args: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = Command::cargo_bin("plan").unwrap();
        for variable in
            ["INPUT", "IMDB_ARCHIVE", "MODELS_DIR", "ENGINE", "DEVICE", "MARGIN", "HEAD", "A", "B", "EXAMPLES", "TRIED"]
        {
            command.env_remove(variable);
        }
        command.current_dir(self.0.path()).arg("study.toml").args(args).assert()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn modified(&self, name: &str) -> SystemTime {
        std::fs::metadata(self.0.path().join(name)).unwrap().modified().unwrap()
    }

    /// Give everything below an age, so that what is written now is told from what was there.
    fn age(&self, name: &str) {
        let past = SystemTime::now() - Duration::from_secs(1000);
        std::fs::File::options().append(true).open(self.0.path().join(name)).unwrap().set_modified(past).unwrap();
    }
}

fn stdout(assert: assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.success().get_output().stdout.clone()).unwrap()
}

#[test]
fn every_line_is_a_configuration_that_reads_back_and_nothing_is_written() {
    let folder = Folder::new(STUDY);
    let lines = stdout(folder.plan(&[]));
    let read = |line| study::Configuration::from_json(line).unwrap().id;
    assert_eq!(Vec::from_iter(lines.lines().map(read)), ["0-s1", "0-s2", "1VA-s1", "1VA-s2"]);
    assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn one_encoder_can_be_asked_for() {
    let folder = Folder::new(STUDY);
    let lines = stdout(folder.plan(&["--encoder", "other"]));
    assert_eq!(lines.lines().filter(|line| line.contains(r#""encoder":"other""#)).count(), 2);
    assert_eq!(lines.lines().count(), 2);
    folder.plan(&["--encoder", "othr"]).code(1).stderr(contains("no configuration on `othr`"));
}

#[test]
fn plan_mk_names_the_runs_the_shards_and_the_models() {
    let folder = Folder::new(STUDY);
    assert_eq!(stdout(folder.plan(&["--write", "out", "--format", "make"])), "");
    let expected = "\
# Made by `plan` from study `tiny`: edit that, not this.
SHARDS_NAME := sample-sample-bert-64-head+tail
RUN_IDS := 0-s1 0-s2 1VA-s1 1VA-s2
MEASURED_IDS := 0-s1 1VA-s1
SPLITS := test validation
ENCODER_0-s1 := sample-bert
ENCODER_0-s2 := sample-bert
ENCODER_1VA-s1 := other
ENCODER_1VA-s2 := other
ENCODERS := other sample-bert
NEEDED_MODELS := other sample-bert
MODELS := data/models
ARCHIVE := 
OWN_TEXTS := 
";
    assert_eq!(folder.read("out/plan.mk"), expected);
    let written = study::Configuration::from_json(&folder.read("out/runs/1VA-s2/config.json")).unwrap();
    assert_eq!((written.id.as_str(), written.seed), ("1VA-s2", 2));
}

#[test]
fn only_a_changed_configuration_gets_a_new_time_and_with_it_the_plan() {
    let folder = Folder::new(STUDY);
    let write = ["--write", "out", "--format", "make"];
    folder.plan(&write).success();
    let (kept, changed, plan) = ("out/runs/0-s1/config.json", "out/runs/1VA-s1/config.json", "out/plan.mk");
    [kept, changed, plan].iter().for_each(|name| folder.age(name));
    let before = [kept, changed, plan].map(|name| folder.modified(name));
    folder.plan(&write).success().stderr("");
    assert_eq!([kept, changed, plan].map(|name| folder.modified(name)), before);
    folder.write("study.toml", &STUDY.replace("first:1", "first:2"));
    folder.plan(&write).success();
    assert_eq!(folder.modified(kept), before[0]);
    assert!(folder.modified(changed) > before[1]);
    assert!(folder.modified(plan) >= folder.modified("study.toml") && folder.modified(plan) > before[2]);
}

#[test]
fn a_configuration_that_was_changed_by_hand_is_restored_with_one_warning() {
    let folder = Folder::new(STUDY);
    let write = ["--write", "out", "--format", "make"];
    folder.plan(&write).success().stderr(contains("by hand").not());
    let config = "out/runs/1VA-s1/config.json";
    let (before, edited) = (folder.read(config), folder.read(config).replace("\"epochs\": 2", "\"epochs\": 9"));
    assert!(edited != before);
    ["out/plan.mk", "study.toml"].iter().for_each(|name| folder.age(name));
    folder.write(config, &edited);
    let told = "`out/runs/1VA-s1/config.json` was changed by hand; it is again what `study.toml` says";
    folder.plan(&write).success().stderr(contains(told));
    assert_eq!(folder.read(config), before);
    assert!(folder.modified("out/plan.mk") >= folder.modified(config));
    folder.plan(&write).success().stderr(contains("by hand").not());
}

#[test]
fn a_wrong_field_is_reported_with_file_line_and_near_name_and_nothing_is_written() {
    let folder = Folder::new(&STUDY.replace("epochs ", "epoch "));
    let told = contains("plan: study `study.toml`, line 11").and(contains("did you mean `epochs`?"));
    folder.plan(&["--write", "out", "--format", "make"]).code(1).stdout("").stderr(told);
    assert!(!folder.0.path().join("out").exists());
}

#[test]
fn a_name_that_make_would_misread_is_refused_before_anything_is_written() {
    let folder = Folder::new(&STUDY.replace("\"other\"", "\"owner/other\""));
    let told = contains("encoder `owner/other` is not a plain name");
    folder.plan(&["--write", "out", "--format", "make"]).code(1).stderr(told);
    assert!(!Path::new(&folder.0.path().join("out")).exists());
}

#[test]
fn a_missing_study_is_named_with_those_beside_it() {
    let folder = Folder::new(STUDY);
    std::fs::remove_file(folder.0.path().join("study.toml")).unwrap();
    folder.plan(&[]).code(1).stderr("plan: no study `study.toml`\n");
    folder.write("stduy.toml", STUDY);
    folder.plan(&[]).code(1).stderr("plan: no study `study.toml`; did you mean `stduy.toml`?\n");
    for name in [".hidden.toml", "Other.toml", "pipelines/sample.toml", "pipelines/mail.toml"] {
        folder.write(name, STUDY);
    }
    let refused = |name: &str| {
        let mut command = Command::cargo_bin("plan").unwrap();
        command.current_dir(folder.0.path()).arg(name).assert().code(1)
    };
    refused("sample").stderr("plan: no study `sample`; did you mean `pipelines/sample.toml`?\n");
    for name in ["hidden", "out/hidden.toml"] {
        let told = "there are `pipelines/mail.toml`, `pipelines/sample.toml`";
        refused(name).stderr(format!("plan: no study `{name}`; {told}\n"));
    }
    let told = "plan: no study `pipelines/smaple.toml`; there are `mail`, `sample`; did you mean `sample`?\n";
    refused("pipelines/smaple.toml").stderr(told);
}

#[test]
fn wrong_usage_is_exit_code_2_and_help_shows_an_example() {
    let folder = Folder::new(STUDY);
    folder.plan(&["--format", "yaml"]).code(2);
    folder
        .plan(&["--help"])
        .success()
        .stdout(contains("train --config -").and(contains("\n  plan pipelines/sample.toml\n")));
    let mut command = Command::cargo_bin("plan").unwrap();
    command.args(["new", "--help"]).assert().success().stdout(contains("\n  plan new mail.csv\n"));
}

/// Every default was chosen without a change to the studies that ship: the sha256 of what each expanded to before.
#[test]
fn the_shipped_studies_expand_as_they_always_did() {
    for (study, sha256) in [
        ("imdb-minilm-precision.toml", "e1968f012bc859d69a4b62196bff63ee7e422dde5d27f94a0c32f8e865f2cb02"),
        ("imdb-minilm-short.toml", "ba14e65ef8bde0d94bbf778cbee092f7072c983b9e93ae3d2c6781a94d8e5656"),
        ("imdb-minilm-small.toml", "b5ffa0d26526a3070ebdd9e8a69da89ccd92d08dd13a89d4d9332f141d8a991f"),
        ("imdb-minilm.toml", "a767c69b5a370586e68cc11898a993bcb75524c4bae1b9f5b05bd77d97f38b83"),
        ("imdb-rehearsal.toml", "e952702b9318ff227041467d89a549b47c6ab4e6c6efe6b44ba0d193c52a3274"),
        ("imdb.toml", "031710e56f645de198ee24f78471626dbe656cf92fe9e626eff840732cd8be2a"),
    ] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines").join(study);
        let lines = stdout(Command::cargo_bin("plan").unwrap().arg(file).assert());
        assert_eq!(records::hash::sha256_hex(lines.as_bytes()), sha256, "{study}");
    }
}

#[test]
fn makes_variables_are_checked_and_nothing_is_written_if_one_is_wrong() {
    let folder = Folder::new(STUDY);
    let mut command = Command::cargo_bin("plan").unwrap();
    command
        .current_dir(folder.0.path())
        .args(["study.toml", "--write", "out", "--format", "make"])
        .env("HEAD", "bilstm");
    command
        .assert()
        .code(1)
        .stderr(contains("plan: HEAD=`bilstm`: study `tiny` has no such head; there are `deepest`"));
    assert!(!folder.0.path().join("out").exists());
    command.env("HEAD", "mean-linear").env("MARGIN", "1").assert().success();
    assert_eq!(folder.read("out/question.txt"), "margin 1, head mean-linear\n");
}

#[test]
fn a_measure_other_than_accuracy_reaches_make_and_is_part_of_the_question() {
    let write = ["--write", "out", "--format", "make"];
    let made = |study: &str| {
        let folder = Folder::new(study);
        folder.plan(&write).success();
        (folder.read("out/plan.mk"), folder.read("out/question.txt"))
    };
    let (variables, question) = made(&format!("{STUDY}\n[report]\nmeasure = \"macro-f1\"\n"));
    assert!(variables.contains("\nREPORT_MEASURE := macro-f1\n"), "{variables}");
    assert_eq!(question, "margin default, head default, measure macro-f1\n");
    let (variables, question) = made(STUDY);
    assert!(!variables.contains("REPORT_MEASURE"));
    assert_eq!(question, "margin default, head default\n");
}

#[test]
fn a_text_longer_than_a_model_reads_is_refused_once_the_model_is_there() {
    let folder = Folder::new(&STUDY.replace("max_seq_length = 64", "max_seq_length = 128"));
    let write = ["--write", "out", "--format", "make"];
    folder.plan(&write).success();
    folder.write("data/models/other/config.json", r#"{"model_type": "roberta", "max_position_embeddings": 129}"#);
    let told = "plan: study `tiny`: `max_seq_length` is 128, but `data/models/other` has only 127 positions";
    folder.plan(&write).code(1).stderr(contains(told));
    folder.write("study.toml", &STUDY.replace("max_seq_length = 64", "max_seq_length = 127"));
    folder.plan(&write).success();
}

#[test]
fn the_sums_of_the_models_are_beside_the_plan_and_of_the_shards_beside_them() {
    let folder = Folder::new(STUDY);
    let write = ["--write", "out", "--format", "make"];
    folder.plan(&write).success();
    assert!(!folder.0.path().join("data").exists());
    for name in ["config.json", "tokenizer.json"] {
        folder.write(&format!("data/models/sample-bert/{name}"), "{}");
    }
    folder.plan(&write).success();
    assert!(folder.read("out/models/sample-bert.sha256").ends_with("  config.json\n"));
    assert!(folder.read("data/shards/sample-sample-bert-64-head+tail.sha256").ends_with("  tokenizer.json\n"));
    assert!(!folder.0.path().join("out/models/other.sha256").exists());
}
