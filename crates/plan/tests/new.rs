//! `plan new`: what it finds in texts, what it chooses, and what it refuses.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use study::{Study, Truncation};

const TINY: &[u8] = include_bytes!("../../prep/tests/data/models/tiny/tokenizer.json");

const STUDY: &str =
    "name = \"r\"\ndata = { dataset = \"jsonl\", tokenizer = \"mini\" }\nconfiguration = [{ id = \"A\" }]";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        records::publish::bytes(&self.0.path().join(name), bytes).unwrap();
    }

    fn new_study(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = Command::cargo_bin("plan").unwrap();
        command.current_dir(self.0.path()).arg("new").args(arguments).assert()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn study(&self, name: &str) -> Study {
        Study::parse(name.as_ref(), &self.read(name)).unwrap()
    }
}

/// `n` rows of three classes, the first as large as both others.
fn mail(n: usize) -> String {
    let row = |number: usize| {
        format!("{},\"text number {number}, please\"\n", ["refund", "praise", "refund", "lost"][number % 4])
    };
    "label,text\n".to_owned() + &(0..n).map(row).collect::<String>()
}

#[test]
fn texts_become_a_study_with_a_reason_for_each_choice() {
    let folder = Folder::new();
    folder.put("my+mail.csv", mail(600).as_bytes());
    let told = contains("600 train, 0 validation, 0 test\ncolumns   text `text`, label `label`\n")
        .and(contains("classes   3: `refund` 50.0 %, `"))
        .and(contains("lengths   4 words in the median, 4 in 90 %, 4 in 95 %, 4 at most; the encoder is not there"))
        .and(contains(
            "copies    0 in train, 0 in test, 0 in both\nstudy     `pipelines/my-mail.toml`: TF-IDF and 4 depths",
        ));
    folder.new_study(&["my+mail.csv"]).success().stdout("make all STUDY=my-mail INPUT='my+mail.csv'\n").stderr(told);
    let (text, study) = (folder.read("pipelines/my-mail.toml"), folder.study("pipelines/my-mail.toml"));
    let ids: Vec<_> = study.configuration.iter().map(|row| row.id.clone().unwrap()).collect();
    assert_eq!(ids, ["TF-IDF", "1VA", "2VA", "3VA", "allVA"]);
    assert_eq!((study.data.max_seq_length, study.data.validation, study.data.test), (32, 0.2, 0.2));
    let runs = study.configurations().unwrap();
    let first = |id: &str| runs.iter().find(|run| run.configuration == id).unwrap();
    assert_eq!((first("1VA").batch_size, first("1VA").epochs, first("TF-IDF").epochs), (16, 8, 10));
    assert_eq!(first("1VA").optimizer.options["encoder_learning_rate"], 3e-5);
    assert!(text.contains("# A model that always answers `refund` is right for 50.0 %."), "{text}");
}

#[test]
fn with_the_encoder_lengths_are_in_tokens_and_depths_are_its_own() {
    let folder = Folder::new();
    let config = fixtures::encoder(serde_json::json!({"num_hidden_layers": 12, "max_position_embeddings": 64}));
    folder.put("models/tiny/config.json", config.to_string().as_bytes());
    folder.put("models/tiny/tokenizer.json", TINY);
    let long = "a good film ".repeat(40);
    let rows: String = (0..40).map(|n| format!("{long}{n},{}\nshort {n},{}\nsame,0\n", n % 2, n % 2)).collect();
    folder.put("r.csv", format!("body,stars\n{rows}").as_bytes());
    let refused = contains("no column for the text")
        .and(contains(": name it with `plan new FILE --text COLUMN`").and(contains("[data]").not()));
    folder.new_study(&["r.csv", "--models", "models", "--encoder", "tiny"]).code(1).stderr(refused);
    let told = contains(" tokens in the median")
        .and(contains("of the tokens are unknown"))
        .and(contains("copies    39 in train, 0 in test"));
    let arguments = ["r.csv", "--models", "models", "--encoder", "tiny", "--text", "body", "--label", "stars"];
    let output = folder.new_study(&arguments).success().stderr(told).get_output().stdout.clone();
    assert_eq!(String::from_utf8(output).unwrap(), "make all STUDY=r INPUT='r.csv' MODELS_DIR=models\n");
    let study = folder.study("pipelines/r.toml");
    let blocks: Vec<_> = study.configurations().unwrap().iter().map(|run| run.blocks.to_string()).collect();
    assert_eq!(
        blocks.iter().step_by(3).skip(1).collect::<Vec<_>>(),
        ["first:1", "first:2", "first:4", "first:6", "first:8", "first:12"]
    );
    let data = &study.data;
    assert_eq!((data.max_seq_length, data.truncation), (64, Truncation::HeadAndTail));
    assert_eq!((data.text.as_deref(), data.label.as_deref()), (Some("body"), Some("stars")));
    assert_eq!(data.duplicates, study::Duplicates::Remove);
}

#[test]
fn few_examples_and_unknown_tokens_are_warned_of() {
    let folder = Folder::new();
    folder.put("models/tiny/config.json", fixtures::encoder(serde_json::json!({})).to_string().as_bytes());
    folder.put("models/tiny/tokenizer.json", TINY);
    let rows: String = (0..60).map(|n| format!("слово {n},{}\n", ["a", "b"][n % 2])).collect();
    folder.put("r.csv", format!("text,label\n{rows}one,rare\n").as_bytes());
    let told = contains("warn: classes with fewer than 10 train examples: 1, such as `rare` with 1; add some")
        .and(contains("warn: the vocabulary cannot spell "))
        .and(contains("run `fetch model FacebookAI/xlm-roberta-base --out models`"));
    folder.new_study(&["r.csv", "--models", "models", "--encoder", "tiny"]).success().stderr(told);
}

#[test]
fn nothing_is_overwritten_and_names_are_plain() {
    let folder = Folder::new();
    folder.put("mail.csv.gz", mail(40).as_bytes());
    folder.put("pipelines/mail.toml", b"mine");
    let told = contains(
        "plan: `pipelines/mail.toml` exists; run `make all STUDY=mail INPUT='mail.csv.gz'`, or choose another `--name`",
    );
    folder.new_study(&["mail.csv.gz"]).code(1).stdout("").stderr(told);
    assert_eq!(folder.read("pipelines/mail.toml"), "mine");
    folder.new_study(&["mail.csv.gz", "--name", "a b"]).code(1).stderr(contains("`a b` is no name for a study"));
    folder.new_study(&["gone.csv"]).code(1).stderr(contains("no `gone.csv`; name the file"));
    folder.new_study(&[""]).code(2);
    folder.new_study(&["mail.csv.gz", "--name", "b", "--out", "b.toml"]).success().stdout("plan b.toml\n");
    assert_eq!(folder.study("b.toml").name, "b");
    folder.new_study(&[]).code(2);
}

#[test]
fn once_keeps_a_study_of_own_texts_and_refuses_another() {
    let folder = Folder::new();
    let once = |arguments: &[&str]| folder.new_study(&[&["--once"], arguments].concat());
    folder.put("mail(1).csv", mail(40).as_bytes());
    once(&["mail(1).csv"]).code(1).stderr(contains("make cannot use a blank or a special character"));
    folder.put("mail.csv", mail(40).as_bytes());
    once(&["mail.csv"]).success().stdout("mail\n");
    let written = folder.read("pipelines/mail.toml");
    once(&["mail.csv"]).success().stdout("mail\n").stderr(contains("`pipelines/mail.toml`, which is there"));
    assert_eq!(folder.read("pipelines/mail.toml"), written);
    folder.put("pipelines/sample.toml", include_bytes!("../../../pipelines/sample.toml"));
    let told = contains("a study of the data set `sample`; name yours with STUDY=NAME");
    once(&["mail.csv", "--name", "sample"]).code(1).stderr(told);
}

/// As `make answer` calls it for another file of that name.
#[test]
fn a_study_made_for_another_file_is_told_or_refused_where_the_columns_are_missing() {
    let folder = Folder::new();
    for name in ["old/mail.csv", "new/mail.csv"] {
        folder.put(name, mail(40).replace("text", "body text").as_bytes());
    }
    folder.put("other/mail.csv", mail(40).as_bytes());
    folder.new_study(&["--once", "old/mail.csv", "--text", "body text"]).success();
    let told = "plan: `pipelines/mail.toml` was made for `old/mail.csv`, whose results `new/mail.csv` would replace; name a \
                study of its own with `--name` (STUDY=NAME)\n";
    folder.new_study(&["--once", "--check", "new/mail.csv"]).code(1).stdout("").stderr(told);
    let told =
        "warn: `pipelines/mail.toml` was made for `old/mail.csv`, and its settings may not suit `new/mail.csv`\n";
    let named = ["--once", "new/mail.csv", "--name", "mail"];
    folder.new_study(&named).success().stdout("mail\n").stderr(contains(told));
    folder.new_study(&["--once", "./old/mail.csv"]).success().stderr(contains("was made for").not());
    let told = || {
        contains("`pipelines/mail.toml` was made for `old/mail.csv` and cannot be used for `other/mail.csv`: `other/")
            .and(contains("no column `body text`"))
            .and(contains("; name a study of its own with `--name` (STUDY=NAME)"))
    };
    for check in [&["--once", "--check"][..], &["--once"]] {
        folder.new_study(&[check, &["other/mail.csv"]].concat()).code(1).stdout("").stderr(told());
    }
    folder.new_study(&["--once", "other/mail.csv", "--name", "other"]).success().stdout("other\n");
    std::fs::rename(folder.0.path().join("old"), folder.0.path().join("moved")).unwrap();
    folder.new_study(&["--once", "moved/mail.csv"]).success().stdout("mail\n").stderr(contains("was made for"));
}

#[test]
fn what_cannot_be_learnt_from_leaves_no_study() {
    let folder = Folder::new();
    folder.put("mail.csv", mail(40).as_bytes());
    folder.put("my mail.csv", mail(40).as_bytes());
    folder.put("one.csv", b"split,label,text\ntrain,a,one\ntrain,a,two\ntest,b,three\n");
    for (arguments, told) in [
        (
            &["mail.csv", "--models", "empty"][..],
            "no `empty/all-MiniLM-L6-v2/config.json`; `--models` (MODELS_DIR) names",
        ),
        (&["gone.csv", "--models", "empty"], "no `gone.csv`; name the file"),
        (&["one.csv"], "2 of 3 texts are to train on, of class `a`; a classifier needs two classes"),
        (&["mail.csv", "--encoder", "a/b"], "run `fetch model a/b --out data/models`, then give `--encoder b`"),
        (&["mail.csv", "--encoder", "../b"], "--encoder `../b`: name a model's folder, without a path"),
        (
            &["mail.csv", "--encoder", "all-minilm-l6"],
            "no `data/models/all-minilm-l6/config.json`; run `fetch model OWNER/",
        ),
        (&["mail.csv", "--encoder", "all-minilm-l6"], "; did you mean `all-MiniLM-L6-v2`?"),
        (&["my mail.csv"], "INPUT=`my mail.csv`: make cannot use a blank"),
        (&["mail.csv", "--models", "my models"], "MODELS_DIR=`my models`: make cannot use a blank"),
    ] {
        folder.new_study(arguments).code(1).stdout("").stderr(contains(told));
    }
    assert!(!folder.0.path().join("pipelines").exists());
}

/// So make finds a fault of the texts before it fetches the encoder.
#[test]
fn a_check_looks_at_the_columns_without_the_encoder_and_writes_nothing() {
    let folder = Folder::new();
    folder.put("mail.csv", mail(40).as_bytes());
    folder.put("r.csv", b"body,stars\na,1\n");
    folder.new_study(&["--check", "mail.csv"]).success().stdout("").stderr("");
    folder.new_study(&["--check", "r.csv"]).code(1).stderr(contains("no column for the text"));
    folder.new_study(&["--check", "r.csv", "--models", "empty"]).code(1).stderr(contains("no `empty/"));
    folder.put("pipelines/r.toml", STUDY.as_bytes());
    folder.new_study(&["--check", "--once", "r.csv"]).success().stdout("").stderr("");
    folder.put("pipelines/r.toml", STUDY.replace("jsonl", "imdb").as_bytes());
    folder.new_study(&["--check", "--once", "r.csv"]).code(1).stderr(contains("a study of the data set `imdb`"));
    assert!(!folder.0.path().join("pipelines/mail.toml").exists());
}

#[test]
fn class_names_and_columns_cannot_leave_their_comments() {
    let folder = Folder::new();
    folder.put("r.csv", b"\"a\nb\",label\none,\"x\ny = 1\"\ntwo,y\n");
    folder.new_study(&["r.csv", "--text", "a\nb"]).success();
    assert_eq!(folder.study("pipelines/r.toml").data.text.as_deref(), Some("a\nb"));
}
