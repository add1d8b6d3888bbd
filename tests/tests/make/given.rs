//! Make's variables: names, numbers, files. A wrong one is refused before anything is compiled or trained for it.

use super::{Project, ROWS, stub, study};
use std::path::Path;

impl Project {
    /// The error of a make that must fail without running a tool.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.make_with(args);
        assert!(!output.status.success(), "{args:?}");
        assert_eq!(self.read("ran.log"), "", "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// A project with the real script that downloads or checks LibTorch.
    fn with_libtorch_script() -> Self {
        let project = Project::new();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/fused/libtorch.sh");
        project.write("crates/fused/libtorch.sh", "");
        std::fs::copy(script, project.path("crates/fused/libtorch.sh")).unwrap();
        project
    }
}

#[test]
fn a_wrong_name_or_number_is_refused_with_its_variable() {
    let project = Project::new();
    for slip in
        ["MARGIN=1 2", "HEAD=a b", "HEAD=a/b", "MARGIN=1 ", "DEVICE=cuda 1", "DEVICE=cuda", "HEAD=it's", "HEAD=bilstn"]
    {
        let (name, value) = slip.split_once('=').unwrap();
        let text = project.refused(&[slip]);
        assert!(text.starts_with(&format!("plan: {name}=`{value}`: ")), "{text}");
    }
    let text = project.refused(&["attend", "EXAMPLES=1 2"]);
    assert!(text.starts_with("plan: EXAMPLES=`1 2`: expected a whole number"), "{text}");
    let text = project.refused(&["attend", "A=A-s1", "B=A-s9"]);
    assert!(text.contains("B=`A-s9`: study `stub` has no such run; there are `A-s1`"), "{text}");
    let text = project.refused(&["STUDY=stbu"]);
    assert!(text.contains("no study `pipelines/stbu.toml`; there are `stub`; did you mean `stub`?"), "{text}");
    assert!(!text.contains("No such file") && !project.path("out/stbu").exists(), "{text}");
    assert!(
        project.refused(&["answer"]).contains("INPUT is missing: name your texts, such as make answer INPUT=mail.csv")
    );
    assert!(project.refused(&["STUDY=../data"]).contains("STUDY is the name of a file in pipelines/"));
    assert!(project.refused(&["BACKEND=torch"]).contains("the engines are `flex` and `libtorch`"));
    assert!(!project.path("out/stub/plan.mk").exists());
    assert!(project.refused(&["repotr"]).contains("no target and no file `repotr`; `make help` lists the targets"));
    project.make(&["MARGIN=0.5", "HEAD=cls-linear"]);
}

#[test]
fn own_texts_are_required_and_prepared_again_when_they_change() {
    let project = Project::new();
    project.write("pipelines/stub.toml", &study(&ROWS).replace("\"sample\"", "\"jsonl\""));
    assert!(project.refused(&[]).contains("name your texts with INPUT=FILE"));
    project.write("mine.jsonl", "{}");
    project.write("bin/prep", &stub("prep", r#"mkdir -p "$8"; echo "$*" > "$8/manifest.json""#));
    project.make(&["INPUT=mine.jsonl"]);
    let manifest = "data/shards/jsonl-sample-bert-256-head-only-study.stub/manifest.json";
    assert!(project.read(manifest).contains("--input mine.jsonl"));
    project.later();
    project.touch("mine.jsonl");
    assert!(project.make(&["INPUT=mine.jsonl"]).0.contains(&"prep".to_owned()));
}

/// Every combination of variables, each file present or missing: present files work, and a missing one is named.
#[test]
fn texts_models_and_libtorch_can_be_given_and_a_missing_one_is_named() {
    for (dataset, variable) in [("jsonl", "INPUT"), ("imdb", "IMDB_ARCHIVE")] {
        let project = Project::with_libtorch_script();
        let text = study(&ROWS).replace("\"sample\"", &format!("{dataset:?}")).replace("sample-bert", "mini");
        project.write("pipelines/stub.toml", &text);
        for file in ["a.file", "models/mini/config.json", "models/mini/tokenizer.json", "torch/lib/libtorch.so"] {
            project.write(file, "{}");
        }
        project.write("torch/version.py", "__version__ = '2.9.1+cpu'\n");
        project.write("data/imdb/aclImdb_v1.tar.gz", "");
        let given = [(variable, "a.file"), ("MODELS_DIR", "models"), ("LIBTORCH", "torch")];
        for states in 0..27 {
            let states = [states % 3, states / 3 % 3, states / 9]; // not given, present, missing
            let words = |state, (name, there): (&str, &str)| match state {
                0 => None,
                1 => Some(format!("{name}={there}")),
                _ => Some(format!("{name}=nowhere")),
            };
            let args: Vec<String> =
                states.into_iter().zip(given).filter_map(|(state, given)| words(state, given)).collect();
            let engine = if states[2] == 0 { "BACKEND=flex" } else { "BACKEND=libtorch" };
            let args: Vec<&str> = args.iter().map(String::as_str).chain([engine, "data", "prep"]).collect();
            if states.contains(&2) || (dataset == "jsonl" && states[0] == 0) {
                let text = project.refused(&args);
                assert!(text.contains("nowhere") || text.contains("INPUT=FILE"), "{args:?}: {text}");
            } else {
                project.make(&args);
            }
        }
    }
}

#[test]
fn a_missing_or_wrong_libtorch_is_refused_before_anything_is_compiled() {
    let project = Project::with_libtorch_script();
    project.write("bin/cargo", "#!/bin/sh\necho cargo >> ran.log\n");
    assert!(project.run("chmod", &["+x", "bin/cargo"]).status.success());
    let refused =
        |folder: &str| project.refused(&["BACKEND=libtorch", "CARGO=bin/cargo", &format!("LIBTORCH={folder}")]);
    assert!(refused("nowhere").contains("no LibTorch in `nowhere`: set LIBTORCH to a folder"));
    project.write("torch/lib/libtorch.so", "");
    project.write("torch/version.py", "__version__ = '2.4.0+cpu'\n");
    assert!(refused("torch").contains("`torch` is LibTorch 2.4.0+cpu, but 2.9.1 is needed"));
}

#[test]
fn a_fault_of_the_texts_is_found_before_the_encoder_is_fetched() {
    let project = Project::new();
    project.write("bin/fetch", &stub("fetch", "echo fetch >> ran.log; exit 1"));
    project.write("r.csv", "body,stars\na,1\nb,2\n");
    project.write("mail.csv", "text,label\na,1\nb,2\n");
    let text = project.refused(&["answer", "STUDY=r", "INPUT=r.csv"]);
    assert!(text.starts_with("plan: `r.csv`, line 1: no column for the text"), "{text}");
    assert!(!project.make_with(&["answer", "STUDY=mail", "INPUT=mail.csv"]).status.success());
    assert_eq!(project.read("ran.log"), "fetch\n");
}

/// Like Cargo, put the tools of a build into the folder of its `--target-dir`.
const CARGO: &str = r#"
folder=$(sed 's/.*--target-dir \([^ ]*\).*/\1/' <<< "$*"); mkdir -p "$folder/release"
for tool in bin/*; do cp "$tool" "$folder/release/"; done
echo "$*" > "$folder/release/built.txt""#;

#[test]
fn a_build_for_one_engine_keeps_the_tools_of_the_other() {
    let project = Project::with_libtorch_script();
    project.write("torch/lib/libtorch.so", "");
    project.write("torch/version.py", "__version__ = '2.9.1'\n");
    project.write("cargo", &stub("fetch", CARGO));
    assert!(project.run("chmod", &["+x", "cargo"]).status.success());
    let build = |engine: &[&str]| {
        let output = project.run("make", &[&["build-tensor", "CARGO=./cargo", "LIBTORCH=torch"], engine].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    build(&["BACKEND=libtorch"]);
    let built = project.read("target/libtorch/release/built.txt");
    assert!(built.contains("--features libtorch"), "{built}");
    build(&["BACKEND=flex"]);
    assert!(!project.read("target/release/built.txt").contains("libtorch"));
    assert_eq!(project.read("target/libtorch/release/built.txt"), built);
}

#[test]
fn a_long_build_reports_its_progress_in_lines_and_a_short_one_is_silent() {
    let project = Project::new();
    let bar = r#"printf '   Compiling a v1\n\r    Building [==>  ] %s/9: a, b\r' "$1" >&2"#;
    let cargo = format!(
        "bar() {{ {bar}; }}\nbar 1; sleep ${{PAUSE:-0}}; bar 2; echo 'warning: w' >&2; echo '    Finished x' >&2"
    );
    project.write("cargo", &stub("fetch", &cargo));
    assert!(project.run("chmod", &["+x", "cargo"]).status.success());
    let build = |pause: &str| {
        let output = project.run("env", &[pause, "make", "build-files", "CARGO=./cargo", "BACKEND=flex"]);
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(build("PAUSE=0"), "warning: w\n");
    let text = build("PAUSE=4"); // the reader's buffer determines which of the two
    assert!(text.starts_with("build-files: crate ") && text.ends_with("/9: a, b\nwarning: w\n"), "{text}");
}
