//! Other files under the same names, whatever their age, and files changed by hand.

use super::{Project, REPORTED, ROWS, TRAIN, stub, study};

/// `prep --definition D --input I --models M --out O`; `--archive A` in place of the input.
const PREP: &str = r#"mkdir -p "$8"; echo "$*" > "$8/manifest.json""#;

/// A project whose reviews come from a file named on the command line.
fn with_own_texts(dataset: &str) -> Project {
    let project = Project::new();
    project.write("pipelines/stub.toml", &study(&ROWS).replace("\"sample\"", &format!("{dataset:?}")));
    project.write("bin/prep", &stub("prep", PREP));
    for (name, text) in [("a", "first"), ("b", "second"), ("same", "second")] {
        project.write(&format!("{name}.file"), text);
    }
    project.later();
    project
}

/// A project whose encoder and tokenizer come from a folder named on the command line.
fn with_own_models() -> Project {
    let project = Project::new();
    project.write("pipelines/stub.toml", &study(&ROWS).replace("sample-bert", "mini"));
    for (folder, weights) in [("one", "weights"), ("two", "other weights")] {
        for (name, text) in [("config.json", "{}"), ("tokenizer.json", "{}"), ("model.safetensors", weights)] {
            project.write(&format!("{folder}/mini/{name}"), text);
        }
    }
    project.later();
    project
}

fn trained(ran: &[String]) -> usize {
    ran.iter().filter(|line| line.starts_with("train ")).count()
}

#[test]
fn another_input_is_prepared_again_and_the_same_under_another_name_is_not() {
    for (dataset, variable) in [("jsonl", "INPUT"), ("imdb", "IMDB_ARCHIVE")] {
        let project = with_own_texts(dataset);
        let [a, b, same] = ["a", "b", "same"].map(|name| format!("{variable}={name}.file"));
        assert!(project.make(&[&a]).0.contains(&"prep".to_owned()));
        assert_eq!(project.make(&[&a]).0, [""; 0]);
        let (ran, _) = project.make(&[&b]);
        assert!(ran.contains(&"prep".to_owned()) && trained(&ran) == 3, "{ran:?}");
        let of_study = if dataset == "jsonl" { "-study.stub" } else { "" };
        let manifest = format!("data/shards/{dataset}-sample-bert-256-head-only{of_study}/manifest.json");
        assert!(project.read(&manifest).contains("b.file"));
        let (ran, text) = project.make(&[&b]);
        assert!(ran.is_empty() && text.starts_with("nothing to be done: ") && text.lines().count() == 1, "{text}");
        assert_eq!(project.make(&[&same]).0, [""; 0]);
    }
}

#[test]
fn another_study_does_not_use_the_shards_of_another_input() {
    let project = with_own_texts("jsonl");
    project.write("pipelines/theirs.toml", &project.read("pipelines/stub.toml"));
    project.later();
    project.make(&["INPUT=a.file"]);
    assert!(project.make(&["STUDY=theirs", "INPUT=b.file"]).0.contains(&"prep".to_owned()));
    assert!(
        project.read("data/shards/jsonl-sample-bert-256-head-only-study.stub/manifest.json").contains("--input b.file")
    );
    assert!(project.make(&["INPUT=a.file"]).0.contains(&"prep".to_owned()));
}

#[test]
fn a_failed_preparation_is_repeated_with_the_same_input() {
    let project = with_own_texts("jsonl");
    project.make(&["INPUT=a.file"]);
    project.write("bin/prep", "#!/bin/sh\nexit 1\n");
    assert!(!project.make_with(&["INPUT=b.file"]).status.success());
    project.write("bin/prep", &stub("prep", PREP));
    assert!(project.make(&["INPUT=b.file"]).0.contains(&"prep".to_owned()));
}

/// make cannot tell whether the weights are the same; `train` can.
#[test]
fn another_folder_of_models_reruns_train_whatever_its_age() {
    let project = with_own_models();
    assert_eq!(trained(&project.make(&["MODELS_DIR=one"]).0), 3);
    assert_eq!(project.make(&["MODELS_DIR=one"]).0, [""; 0]);
    assert_eq!(trained(&project.make(&["MODELS_DIR=two"]).0), 3);
    assert!(project.read("out/stub/runs/B-s1/train.json").contains("--model two/mini"));
    let (ran, text) = project.make(&["MODELS_DIR=two"]);
    assert!(ran.is_empty() && text.starts_with("nothing to be done: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn replaced_weights_are_noticed() {
    let project = with_own_models();
    project.make(&["MODELS_DIR=one"]);
    project.write("one/mini/model.safetensors", "tuned weights");
    project.later();
    assert_eq!(trained(&project.make(&["MODELS_DIR=one"]).0), 3);
}

#[test]
fn a_replaced_tokenizer_makes_shards_again() {
    let project = with_own_models();
    project.write("two/mini/tokenizer.json", "{ }");
    project.later();
    project.make(&["MODELS_DIR=one"]);
    assert!(project.make(&["MODELS_DIR=two"]).0.contains(&"prep".to_owned()));
}

/// Studies from before make kept any record of its inputs.
#[test]
fn a_study_without_records_of_its_inputs_is_kept() {
    let project = with_own_models();
    project.make(&["MODELS_DIR=one"]);
    for name in ["out/stub/models/mini.sha256", "data/shards/sample-mini-256-head-only.sha256"] {
        std::fs::remove_file(project.path(name)).unwrap();
    }
    assert_eq!(project.make(&["MODELS_DIR=one"]).0, [""; 0]);
}

#[test]
fn a_configuration_changed_by_hand_is_restored_before_training() {
    let project = Project::new();
    let training = format!("{TRAIN}\ncat \"$2\" >> seen.log\n");
    project.write("bin/train", &stub("train", &training));
    project.make(&[]);
    project.later();
    let config = project.read("out/stub/runs/A-s2/config.json");
    project.write("out/stub/runs/A-s2/config.json", &config.replace("\"epochs\": 1", "\"epochs\": 9"));
    let (ran, _) = project.make(&[]);
    assert_eq!(trained(&ran), 1, "{ran:?}");
    assert_eq!(project.read("out/stub/runs/A-s2/config.json"), config);
    assert!(!project.read("seen.log").contains("\"epochs\": 9"));
    let (ran, text) = project.make(&[]);
    assert!(ran.is_empty() && text.starts_with("nothing to be done: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn a_configuration_from_the_future_is_planned_again_and_make_continues() {
    let project = Project::new();
    project.make(&[]);
    let config = project.path("out/stub/runs/A-s2/config.json");
    let tomorrow = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    std::fs::File::options().append(true).open(config).unwrap().set_modified(tomorrow).unwrap();
    assert_eq!(trained(&project.make(&[]).0), 1);
}

#[test]
fn a_failed_or_stopped_report_keeps_the_last_one_and_is_made_again() {
    let project = Project::new();
    project.make(&[]);
    let whole = std::fs::read_to_string(project.path("bin/report")).unwrap();
    let files = || std::fs::read_dir(project.path("out/stub/report")).unwrap().count();
    let before = files();
    let halfway = |end: &str| {
        stub("report", &format!("while [ \"$1\" != --out ]; do shift; done\necho half > \"$2/table.md\"\n{end}"))
    };
    for end in ["exit 1", "kill -TERM $PPID; sleep 1; exit 1"] {
        project.write("bin/report", &halfway(end));
        for _ in 0..2 {
            assert!(!project.make_with(&["MARGIN=2"]).status.success());
            assert_eq!((files(), project.read("ran.log").as_str()), (before, "report all\n"));
        }
        project.write("bin/report", &whole);
        assert_eq!(project.make(&["MARGIN=2"]).0, REPORTED);
        assert_eq!(project.read("out/stub/report/index.html"), "made\n");
    }
}

#[test]
fn another_study_file_under_the_same_name_is_planned_whatever_its_age() {
    let project = Project::new();
    project.make(&[]);
    project.write("pipelines/stub.toml", &study(&[ROWS[0], ("B", "1", 3)]));
    let file = std::fs::File::options().append(true).open(project.path("pipelines/stub.toml")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(trained(&project.make(&[]).0), 1);
    assert!(project.read("out/stub/runs/B-s1/config.json").contains("\"epochs\": 3"));
    assert_eq!(project.make(&[]).0, [""; 0]);
}

/// Killed between the stamp and the removal of the checkpoints: only `train` can clean up.
#[test]
fn a_finished_run_with_checkpoints_runs_train_again() {
    let project = Project::new();
    project.make(&[]);
    project.write("out/stub/runs/A-s2/checkpoints/epoch-03/model.safetensors", "weights");
    let (ran, _) = project.make(&[]);
    assert_eq!(ran.iter().filter(|line| line.starts_with("train ")).collect::<Vec<_>>(), ["train A-s2"]);
    std::fs::remove_dir_all(project.path("out/stub/runs/A-s2/checkpoints")).unwrap();
    assert_eq!(project.make(&[]).0, [""; 0]);
}
