//! `train` on the command line: its files, its resuming, its errors.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot continue has failed")]

mod workplace;

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use workplace::{Workplace, assert_refused};

#[test]
fn a_run_writes_its_stream_a_hugging_face_folder_and_a_stamp() {
    let place = Workplace::new();
    place.train(&place.configuration(2)).success();
    let metrics = place.metrics();
    let kinds: Vec<&str> = metrics.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("begin", "end"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "epoch").count(), 2 * 3);
    assert_eq!(metrics[0]["provenance"]["device"], "flex");
    assert_eq!(metrics[0]["blocks"], json!([1, 2]));
    let config: Value = serde_json::from_str(&place.read("run/model/config.json")).unwrap();
    assert_eq!((&config["num_hidden_layers"], &config["id2label"]["1"]), (&json!(2), &json!("pos")));
    assert!(place.path("run/train.json").exists() && !place.path("run/checkpoints").exists());
    assert!(place.path("run/model/model.safetensors").exists() && place.path("run/model/tokenizer.json").exists());
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let (one, two, other) = (Workplace::new(), Workplace::new(), Workplace::new());
    one.train(&one.configuration(2)).success();
    two.train(&two.configuration(2)).success();
    let mut seeded = other.configuration(2);
    seeded["seed"] = json!(8);
    other.train(&seeded).success();
    assert_eq!(one.scores(), two.scores());
    assert_eq!(one.model_bytes(), two.model_bytes());
    assert_ne!(one.model_bytes(), other.model_bytes());
}

/// Gradients summed in another order: other bytes, and nearly the same losses.
#[test]
fn one_token_at_once_learns_the_same_as_the_whole_batch() {
    for configuration in [Workplace::configuration, weighted] {
        let (whole, parts) = (Workplace::new(), Workplace::new());
        whole.train(&configuration(&whole, 2)).success();
        parts.train_with(&["--tokens-at-once", "1"], &configuration(&parts, 2)).success();
        assert_ne!(whole.model_bytes(), parts.model_bytes());
        let losses =
            |place: &Workplace| place.scores().iter().filter_map(|line| line["loss"].as_f64()).collect::<Vec<_>>();
        assert!(losses(&whole).iter().zip(losses(&parts)).all(|(a, b)| (a - b).abs() < 1e-3));
    }
    let whole = Workplace::new();
    let none = whole.train_with(&["--tokens-at-once", "0"], &whole.configuration(2)).code(2);
    let told = String::from_utf8_lossy(&none.get_output().stderr).into_owned();
    assert!(told.contains("--tokens-at-once") && told.contains("expected a whole number from 1"), "{told}");
}

#[test]
fn an_unknown_group_of_kernels_is_refused_by_name() {
    let place = Workplace::new();
    let refused = place.train_allotted(&[], &[("FATHOM_KERNELS", "lstm,blocks")]);
    assert_refused(refused, "`FATHOM_KERNELS`: unknown group `blocks`, expected `off`, or `block`, `lstm`, `rows`");
    place.train_allotted(&[], &[("FATHOM_KERNELS", "off")]).success();
}

/// One class weighs four times as much as the other.
fn weighted(place: &Workplace, epochs: usize) -> Value {
    let mut configuration = place.configuration(epochs);
    configuration["class_weights"] = json!({"neg": 0.5, "pos": 2.0});
    configuration
}

#[test]
fn class_weights_are_recorded_with_the_run_and_change_what_is_learnt() {
    let model = |class_weights: Value| {
        let (place, mut configuration) = (Workplace::new(), Workplace::new().configuration(1));
        configuration["class_weights"] = class_weights;
        let text = String::from_utf8(place.train(&configuration).success().get_output().stderr.clone()).unwrap();
        let stored: Value = serde_json::from_str(&place.read("run/config.json")).unwrap();
        assert_eq!(stored["class_weights"], configuration["class_weights"]);
        assert_eq!(place.metrics()[0]["configuration"]["class_weights"], configuration["class_weights"]);
        (place.model_bytes(), text)
    };
    let (named, text) = model(json!({"pos": 4.0}));
    assert!(text.contains("class weights from 1.000 (`neg`) to 4.000 (`pos`)"), "{text}");
    assert_eq!(named, model(json!([1.0, 4.0])).0);
    assert_ne!(named, model(json!("balanced")).0);
}

#[test]
fn class_weights_of_other_classes_are_refused_before_the_first_step() {
    let place = Workplace::new();
    let mut configuration = place.configuration(1);
    for (class_weights, says) in [
        (json!([1.0, 2.0, 3.0]), "`class_weights` is a list of length 3, but the data has 2 classes (`neg`, `pos`)"),
        (json!({"positive": 2.0}), "no class is called `positive`; there are `neg`, `pos`"),
        (json!([0.0, 1.0]), "`class_weights` must be from 0.000001"),
        (json!("balance"), "expected `balanced`, a list or a table"),
    ] {
        configuration["class_weights"] = class_weights;
        assert_refused(place.train(&configuration), says);
    }
    assert!(!place.path("run").exists());
}

/// Every setting of a recipe, on the head with the most parts.
fn elaborate(place: &Workplace, epochs: usize) -> Value {
    let mut configuration = place.configuration(epochs);
    let recipe = json!({
        "blocks": "first:1+last:1", "head": {"kind": "concat-bilstm", "hidden_size": 6, "layers": 2}, "encoder_dropout": 0.1,
        "optimizer": {"kind": "adamw", "encoder_learning_rate": 1e-3, "head_learning_rate": 1e-3, "layer_decay": 0.9},
        "schedule": {"kind": "linear", "warmup": 0.1}, "gradient_clip_norm": 0.5, "gradient_accumulation_steps": 3,
        "freeze": {"embeddings": 2, "blocks": 1}, "class_weights": {"neg": 0.5, "pos": 2.0},
    });
    configuration.as_object_mut().unwrap().extend(recipe.as_object().unwrap().clone());
    configuration
}

#[test]
fn a_killed_run_resumes_and_ends_with_the_same_bytes() {
    for configure in [Workplace::configuration, elaborate] {
        let (whole, killed) = (Workplace::new(), Workplace::new());
        whole.train(&configure(&whole, 4)).success();
        let configuration = configure(&killed, 4);
        for epoch in [1, 2] {
            killed.kill_after_epoch(epoch, &configuration);
        }
        let text = killed.train(&configuration).success().get_output().stderr.clone();
        assert!(String::from_utf8(text).unwrap().contains("resumes after epoch"));
        assert_eq!(killed.scores(), whole.scores());
        assert_eq!(killed.model_bytes(), whole.model_bytes());
        let again = killed.train(&configuration).success().get_output().stderr.clone();
        assert!(String::from_utf8(again).unwrap().contains("already trained"));
    }
}

/// SIGINT and SIGTERM in turns, at later and later times, until the run finishes without an interruption. On a busy
/// machine the start of the program may vary by more than the training takes, so there are several tries to hit it.
#[test]
fn an_interrupted_run_resumes_and_ends_with_the_same_bytes() {
    for configure in [Workplace::configuration, elaborate] {
        let whole = Workplace::new();
        whole.train(&configure(&whole, 40)).success();
        // The first try is enough, but on a busy machine many signals come before the training, or after it.
        let mut tries = (0..50).map(|_| interrupted_like(&whole, configure));
        assert!(tries.any(|(stops, within)| stops > 1 && within > 0), "no try was stopped twice, and within an epoch");
    }
}

/// The number of stops, and of those in the middle of an epoch, of a run that must end like `whole`.
fn interrupted_like(whole: &Workplace, configure: fn(&Workplace, usize) -> Value) -> (usize, usize) {
    let interrupted = Workplace::new();
    let configuration = configure(&interrupted, 40);
    let (mut stops, mut within) = (0, 0);
    for turn in 0.. {
        let (signal, code) = [("-INT", 130), ("-TERM", 143)][turn % 2];
        let after = Duration::from_millis(10 + 4 * turn as u64); // later each time, so that the run ends on any machine
        match interrupted.interrupt(signal, after, &configuration) {
            (Some(0), _) => break,
            // Before training starts, the signal ends it as it ends any program.
            (None, _) => assert!(!interrupted.path("run/train.json").exists()),
            (ended, text) => {
                assert_eq!(ended, Some(code), "{text}");
                assert!(text.ends_with("train: interrupted; run the same command again to continue\n"), "{text}");
                stops += 1;
                within += usize::from(interrupted.checkpoints().iter().any(|name| name.contains("-step-")));
            }
        }
    }
    assert_eq!(interrupted.scores(), whole.scores());
    assert_eq!(interrupted.model_bytes(), whole.model_bytes());
    assert!(interrupted.checkpoints().is_empty());
    (stops, within)
}

#[test]
fn a_partial_config_is_replaced_but_a_foreign_folder_is_refused() {
    let place = Workplace::new();
    place.write("run/config.json.partial", "{");
    place.train(&place.configuration(1)).success();
    let foreign = Workplace::new();
    foreign.write("run/notes.txt", "keep me");
    assert_refused(foreign.train(&foreign.configuration(1)), "is not empty and not a run's folder");
}

#[test]
fn two_trainings_do_not_share_a_folder() {
    let place = Workplace::new();
    let configuration = place.configuration(4000);
    let mut first = place.start(&configuration);
    let start = std::time::Instant::now();
    while place.metrics().is_empty() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_refused(place.train(&configuration), &format!("`train`, process {} on ", first.id()));
    first.kill().unwrap(); // its lock becomes stale
    first.wait().unwrap();
    place.train(&place.configuration(1)).success();
}

#[test]
fn an_embedding_table_needs_no_pretrained_weights_and_is_not_saved_as_a_bert() {
    let place = Workplace::new();
    let mut table = place.configuration(1);
    table["weights"] = json!("pretrained"); // the folder has none
    table["blocks"] = json!("none");
    table["embeddings"] = json!({"kind": "table", "size": 6});
    table["head"] = json!({"kind": "bilstm", "hidden_size": 5});
    table["optimizer"] = json!({"kind": "adam", "learning_rate": 1e-2});
    place.train(&table).success();
    let config: Value = serde_json::from_str(&place.read("run/model/config.json")).unwrap();
    assert_eq!((&config["model_type"], &config["architectures"]), (&json!("fathom-embeddings"), &json!([])));
    let lstm = 2 * (4 * 5 * (6 + 5) + 2 * 4 * 5);
    assert_eq!(place.metrics()[0]["parameters"], 20 * 6 + lstm + 2 * 10 + 2);
}

#[test]
fn tf_idf_writes_the_files_of_any_run_and_is_deterministic() {
    let (one, two) = (Workplace::new(), Workplace::new());
    let terms = |place: &Workplace| {
        let mut terms = place.configuration(4);
        terms["blocks"] = json!("none");
        terms["head"] = json!({"kind": "tf-idf"});
        terms["optimizer"] = json!({"kind": "newton"});
        terms
    };
    for place in [&one, &two] {
        let terms = terms(place);
        place.train(&terms).success();
        let again = place.train(&terms).success().get_output().stderr.clone();
        assert!(String::from_utf8(again).unwrap().contains("already trained"));
    }
    assert_eq!(one.scores(), two.scores());
    let model = one.read("run/model/terms.jsonl");
    assert_eq!(model, two.read("run/model/terms.jsonl"));
    for (class_weights, is_same) in [(json!("balanced"), true), (json!([1, 4]), false)] {
        let place = Workplace::new();
        let mut terms = terms(&place);
        terms["class_weights"] = class_weights; // of 200 examples each, `balanced` is 1 and 1
        place.train(&terms).success();
        assert_eq!(place.read("run/model/terms.jsonl") == model, is_same);
    }
    let metrics = one.metrics();
    assert_eq!(metrics.iter().filter(|line| line["type"] == "epoch").count(), 4 * 3);
    let end = metrics.last().unwrap();
    assert_eq!(end["model_bytes"], one.read("run/model/terms.jsonl").len());
    let best = &end["best_epoch"];
    let chosen = metrics.iter().find(|line| line["split"] == "validation" && line["epoch"] == *best).unwrap();
    assert_eq!(chosen["accuracy"], 1.0, "two words tell the classes apart");
    assert!(one.path("run/train.json").exists() && one.path("run/model/tokenizer.json").exists());
}

#[test]
fn tf_idf_with_blocks_or_another_optimizer_is_refused() {
    let place = Workplace::new();
    let mut terms = place.configuration(1);
    terms["head"] = json!({"kind": "tf-idf"});
    assert_refused(place.check(&[&terms]), "use `blocks = \"none\"`");
    terms["blocks"] = json!("none");
    assert_refused(place.check(&[&terms]), "fitted by `newton`, not by `adamw`");
    terms["optimizer"] = json!({"kind": "newton", "c": 1});
    assert_refused(place.check(&[&terms]), "unknown field `c`");
    terms["optimizer"] = json!({"kind": "newton"});
    terms["head"] = json!({"kind": "tf-idf", "min_document": 1});
    assert_refused(place.check(&[&terms]), "did you mean `min_documents`?");
}

#[test]
fn an_estimate_prints_the_work_and_writes_nothing() {
    let place = Workplace::new();
    let mut deep = place.configuration(3);
    (deep["id"], deep["blocks"]) = (json!("deep-s7"), json!("first:3"));
    let text = place.estimate(&[&place.configuration(2), &deep]).success().get_output().stdout.clone();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("runs     2: 2 networks of 2 to 3 blocks, 5 epochs in all\n"), "{text}");
    assert!(text.contains("400 to train on, 40 to choose the epoch, 60 to test"), "{text}");
    assert!(text.contains("\ntime     about ") && text.contains("\ndisk     about "), "{text}");
    assert!(!place.path("run").exists());
    let mut terms = place.configuration(1);
    (terms["blocks"], terms["head"], terms["optimizer"]) =
        (json!("none"), json!({"kind": "tf-idf"}), json!({"kind": "newton"}));
    let text = place.estimate(&[&terms]).success().get_output().stdout.clone();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("runs     1: 1 TF-IDF, fitted exactly") && !text.contains("time "), "{text}");
}

#[test]
fn the_epoch_is_chosen_on_validation_even_where_train_and_test_would_choose_another() {
    let place = Workplace::with_contrary_validation();
    let mut fast = place.configuration(3);
    fast["optimizer"]["encoder_learning_rate"] = json!(1e-2);
    place.train(&fast).success();
    assert_eq!(place.metrics().last().unwrap()["best_epoch"], 1);
    let test =
        place.metrics().into_iter().filter(|line| line["split"] == "test").map(|line| line["loss"].as_f64().unwrap());
    let test: Vec<f64> = test.collect();
    assert!(test[2] < test[0], "test would have chosen a later epoch: {test:?}");
}

#[test]
fn another_configuration_in_the_same_folder_starts_over() {
    let place = Workplace::new();
    place.train(&place.configuration(3)).success();
    place.train(&place.configuration(1)).success();
    assert_eq!(place.metrics().last().unwrap()["epochs"], 1);
    assert_eq!(place.metrics().iter().filter(|line| line["type"] == "begin").count(), 1);
}

#[test]
fn check_takes_many_configurations_and_names_the_wrong_one() {
    let place = Workplace::new();
    let (good, mut bad) = (place.configuration(1), place.configuration(1));
    bad["id"] = json!("bad-s7");
    bad["head"] = json!({"kind": "cls-liner"});
    place.check(&[&good, &good]).success();
    assert_refused(place.check(&[&good, &bad]), "configuration `bad-s7`: unknown head `cls-liner`");
    assert_refused(place.check(&[&bad]), "`; did you mean `cls-linear`?");
    bad["head"] = json!({"kind": "cls-linear"});
    bad["blocks"] = json!("first:4");
    assert_refused(place.check(&[&bad]), "the encoder has 3 blocks");
    bad["blocks"] = json!("first:3");
    bad["optimiser"] = json!(1);
    assert_refused(place.check(&[&bad]), "unknown field `optimiser`");
    assert_refused(place.check(&[]), "no configuration to check");
}

const STUDY: &str = "name = 's'\n[data]\nmax_seq_length = 17\n[defaults]\nencoder = 'tiny'\n\
                     [[configuration]]\nid = '1VA'\nhead = 'cls-linear'\nblocks = 'last:1'\n";

#[test]
fn texts_longer_than_the_positions_of_the_model_are_refused_with_both_numbers() {
    let place = Workplace::new();
    let (network, says) = (place.configuration(1), "`max_seq_length` is 17, but encoder `tiny` has only 16 positions");
    let [study, shards] = ["s.toml", "shards"].map(|name| place.path(name).display().to_string());
    place.write("s.toml", STUDY);
    place.check_with(&["--shards", &shards], &[&network]).success();
    assert_refused(place.check_with(&["--study", &study], &[&network]), says);
    place.write("s.toml", &STUDY.replace("17", "16"));
    place.check_with(&["--study", &study], &[&network]).success();
    let manifest = place.read("shards/manifest.json");
    place.write("shards/manifest.json", &manifest.replace("\"max_seq_length\":16", "\"max_seq_length\":17"));
    assert_refused(place.check_with(&["--shards", &shards], &[&network]), says);
    assert_refused(place.train(&network), says);
}

#[test]
fn a_study_in_place_of_a_configuration_is_sent_through_plan() {
    let place = Workplace::new();
    assert_refused(place.train_from(STUDY), "`stdin` is a study file, not a configuration; `plan` makes");
    place.write("s.toml", "name = ");
    let study = place.path("s.toml").display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.args(["--check", "--config", &study, "--model"]).arg(place.path("model"));
    let says =
        format!("`{study}` is a study file, not a configuration; `plan` makes one for each run: `plan {study} | train");
    assert_refused(assert_cmd::Command::from_std(command).assert(), &says);
}

#[test]
fn inputs_that_do_not_fit_are_refused_before_anything_is_written() {
    let place = Workplace::new();
    let good = place.configuration(1);
    let mut bf16 = good.clone();
    bf16["precision"] = json!("bf16");
    assert_refused(place.train(&bf16), "needs LibTorch");
    place.write("model/tokenizer.json", "another");
    assert_refused(place.train(&good), "is not the tokenizer the shards were made with");
    place.write("model/config.json", &place.read("model/config.json").replace("\"bert\"", "\"gpt2\""));
    assert_refused(place.train(&good), "model_type `gpt2`");
    std::fs::remove_file(place.path("shards/manifest.json")).unwrap();
    assert_refused(place.train(&good), "shards`: no shards are there; name the folder that `prep` wrote them to");
    assert!(!place.path("run").exists());
}

#[test]
fn a_configuration_that_is_not_there_is_answered_with_where_one_comes_from() {
    let arguments = ["--check", "--config", "missing.json", "--model", "m"];
    let refused = assert_cmd::Command::new(env!("CARGO_BIN_EXE_train")).args(arguments).assert();
    assert_refused(refused, "`missing.json`: No such file or directory (os error 2); name the configuration of a run");
}

#[test]
fn missing_weights_and_a_damaged_pickle_have_different_errors() {
    let place = Workplace::new();
    let mut pretrained = place.configuration(1);
    pretrained["weights"] = json!("pretrained");
    assert_refused(place.train(&pretrained), "model.safetensors`: No such file");
    place.write("model/pytorch_model.bin", "neither");
    assert_refused(place.train(&pretrained), "pytorch_model.bin`: is not a model's pickle");
}

#[test]
fn a_model_that_is_not_there_is_named_with_the_command_that_brings_it() {
    let place = Workplace::new();
    let mut configuration = place.configuration(1);
    configuration["weights"] = json!("pretrained");
    let no_weights = "no index of either; get the model with `fetch model tiny --out DIR`, or name a copy";
    assert_refused(place.check(&[&configuration]), no_weights);
    place.write("model/inner/config.json", &place.read("model/config.json"));
    let config = place.path("model/config.json");
    std::fs::rename(&config, place.path("kept.json")).unwrap();
    configuration["encoder"] = json!("inner");
    let inner =
        format!("model` is not a model's folder; name one in it, such as `{}`", place.path("model/inner").display());
    assert_refused(place.check(&[&configuration]), &inner);
    std::fs::rename(place.path("kept.json"), &config).unwrap();
    configuration["encoder"] = json!("sample-bert");
    let sample = "`sample-bert` has no pretrained weights: set `weights = \"random\"` in the study file";
    assert_refused(place.check(&[&configuration]), sample);
    configuration["encoder"] = json!("model");
    std::fs::remove_dir_all(place.path("model")).unwrap();
    let folder = place.path("model");
    let fetch = format!("get the model with `fetch model model --out {}`", folder.parent().unwrap().display());
    let nowhere = format!("there is no model folder `{}`; {fetch}", folder.display());
    assert_refused(place.check(&[&configuration]), &nowhere);
    assert_refused(place.train(&configuration), &nowhere);
}

#[test]
fn a_non_finite_loss_stops_the_run_and_names_the_step() {
    let place = Workplace::new();
    let mut wild = place.configuration(3);
    place.poison_weights();
    wild["weights"] = json!("pretrained");
    assert_refused(place.train(&wild), "epoch 1, step 25: the loss became NaN or infinite at learning rates of");
    assert!(!place.path("run/train.json").exists());
}

#[test]
fn one_configuration_a_run_and_usage_errors_exit_with_2() {
    let place = Workplace::new();
    let two = format!("{}\n{}", place.configuration(1), place.configuration(1));
    assert_refused(place.train_from(&two), "expected exactly one configuration, found 2");
    assert_refused(place.train_from("{"), "`stdin` is not JSON");
    let status = Command::new(env!("CARGO_BIN_EXE_train")).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn threads_follow_the_variables_and_the_argument_overrides_them() {
    let available = std::thread::available_parallelism().unwrap().get();
    let threads = |arguments: &[&str], variables: &[(&str, &str)]| {
        let place = Workplace::new();
        place.train_allotted(arguments, variables).success();
        place.metrics()[0]["provenance"]["threads"].clone()
    };
    assert_eq!(threads(&[], &[]), available);
    assert_eq!(threads(&[], &[("SLURM_CPUS_PER_TASK", "1")]), 1);
    assert_eq!(threads(&[], &[("OMP_NUM_THREADS", "1,4"), ("RAYON_NUM_THREADS", "4096")]), 1);
    assert_eq!(threads(&[], &[("RAYON_NUM_THREADS", "1")]), 1);
    assert_eq!(threads(&[], &[("SLURM_CPUS_PER_TASK", "4096")]), available);
    assert_eq!(threads(&["--threads", "3"], &[("OMP_NUM_THREADS", "many")]), 3);
}

#[test]
fn a_number_of_threads_that_is_none_is_refused_by_name() {
    let place = Workplace::new();
    let refusal = "train: OMP_NUM_THREADS=`many` is not a number of threads; correct or unset it";
    assert_refused(place.train_allotted(&[], &[("OMP_NUM_THREADS", "many")]), refusal);
    let none = place.train_allotted(&["--threads", "0"], &[]).code(2);
    assert!(String::from_utf8_lossy(&none.get_output().stderr).contains("--threads"));
}

#[test]
fn help_has_an_example() {
    let output = Command::new(env!("CARGO_BIN_EXE_train")).arg("--help").env("COLUMNS", "100").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}
