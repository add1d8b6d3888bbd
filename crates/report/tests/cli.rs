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

/// The same study with predictions.
fn whole(study: &[Made]) -> String {
    study.iter().map(|made| made.metrics() + &made.predictions()).collect()
}

#[test]
fn the_verdict_is_a_sentence_a_row_for_each_depth_and_the_method() {
    insta::assert_snapshot!("verdict", stdout(&["verdict", "-", "--margin", "30"], &whole(&study())));
}

#[test]
fn the_verdict_for_programs_holds_what_the_words_say() {
    let json = stdout(&["verdict", "-", "--margin", "30", "--format", "json"], &whole(&study()));
    let verdict: serde_json::Value = serde_json::from_str(&json).unwrap();
    let levels = verdict["levels"].as_array().unwrap();
    assert_eq!(levels.iter().map(|level| level["n_blocks"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 4]);
    assert_eq!((&levels[3]["loss"], &levels[2]["compared_seeds"]), (&serde_json::Value::Null, &2.into()));
    assert!(verdict["sentences"][0].as_str().unwrap().contains("blocks"));
    let near = refusal(&["verdict", "-", "--head", "cls-liner"], &whole(&study()));
    assert!(near.contains("no run has the head `cls-liner`"), "{near}");
}

/// Three seeds of each depth, 2,000 test examples; the seeds differ by one answer.
fn large(correct: &[(&str, usize)]) -> String {
    let runs = correct.iter().flat_map(|&(id, correct)| {
        (0..3).map(move |seed| Made::new(id, seed as u64).examples(2_000).test(&[0, correct + seed, 0]))
    });
    whole(&runs.collect::<Vec<_>>())
}

#[test]
fn every_kind_of_verdict_is_a_plain_sentence() {
    let said = |correct: &[(&str, usize)]| {
        let text = stdout(&["verdict", "-", "--format", "json"], &large(correct));
        let verdict: serde_json::Value = serde_json::from_str(&text).unwrap();
        let sentences = verdict["sentences"].as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap());
        format!("knee {}\n{}", verdict["knee_blocks"], sentences.collect::<Vec<_>>().join("\n"))
    };
    let all = [
        said(&[("1VA", 1600), ("2VA", 1798), ("4VA", 1800)]),
        said(&[("1VA", 1795), ("2VA", 1798), ("4VA", 1800)]),
        said(&[("1VA", 1600), ("2VA", 1700), ("4VA", 1800)]),
        said(&[("1VA", 1600), ("2VA", 1788), ("4VA", 1800)]),
        said(&[("0BE", 1799), ("2VA", 1800), ("4VA", 1798)]),
    ];
    insta::assert_snapshot!("verdicts", all.join("\n\n"));
}

#[test]
fn where_there_is_no_verdict_a_sentence_says_why() {
    let thrice = |id: &str, correct: usize| [1, 2, 3].map(|seed| Made::new(id, seed).test(&[0, correct, 0])).to_vec();
    let said = |made: &[Made]| {
        let text = stdout(&["verdict", "-"], &whole(made));
        text.lines().next().unwrap().trim_matches('*').to_owned()
    };
    let out_of_order = [thrice("0T", 36), thrice("1VA", 10), thrice("4VA", 36)].concat();
    let one_seed = [Made::new("1VA", 1).test(&[0, 34, 0]), Made::new("4VA", 1).test(&[0, 36, 0])];
    for (made, says) in [
        (
            [1, 2].map(|seed| one_seed.clone().map(|made| made.seed(seed))).concat(),
            "no verdict from two seeds: 1 block lies",
        ),
        (one_seed.to_vec(), "no verdict from one seed: 1 block lies 5.00 points below the full model"),
        (thrice("4VA", 36), "no verdict: only one depth with head `cls-linear` here, 4 blocks (`4VA`)"),
        (
            [thrice("1VA", 0), thrice("4VA", 0)].concat(),
            "no verdict: the full model itself (4 blocks, 0.00 %) is no better",
        ),
        ([thrice("1VA", 36), thrice("4VA", 36)].concat(), "1 of 4 blocks is enough: level with the full model"),
        (out_of_order.clone(), "of what goes deeper than `0T`, all 4 blocks are needed: the model with 1 lies"),
    ] {
        assert!(said(&made).starts_with(says), "{}", said(&made));
    }
    let text = stdout(&["verdict", "-"], &whole(&out_of_order));
    assert!(text.contains("yet `0T`, with no block at all, is level with the full model"), "{text}");
    let metrics_only = stdout(&["verdict", "-"], &metrics(&study()));
    assert!(metrics_only.contains("no verdict: no block at all (`0BE`) has no predictions to pair"), "{metrics_only}");
}

#[test]
fn verify_says_what_was_verified_or_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), folder.path());
    let said = stdout(&with(&["--verify"], &runs, &[]), "");
    assert!(said.starts_with("verified: 8 runs of 4 configurations, each with 40 predictions"), "{said}");
    std::fs::remove_file(folder.path().join("2VA-s1/predictions.test.jsonl")).unwrap();
    std::fs::remove_file(folder.path().join("1VA-s2/metrics.jsonl")).unwrap();
    let (code, _, said) = report(&with(&["--verify"], &runs, &[]), "");
    assert_eq!(code, Some(1));
    assert!(said.contains("left out: run `1VA-s2`, not trained"), "{said}");
    assert!(said.contains("runs are missing: `1VA-s2` (not trained)"), "{said}");
    assert!(said.contains("runs without test predictions: `2VA-s1`"), "{said}");
    assert_eq!(report(&["-q"], "").0, Some(2));
}

#[test]
fn all_of_it_is_one_folder_and_missing_runs_are_named_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), &folder.path().join("tiny/runs"));
    std::fs::remove_file(folder.path().join("tiny/runs/1VA-s2/metrics.jsonl")).unwrap();
    let out = folder.path().join("report");
    let (code, _, said) = report(&with(&["all"], &runs, &["--out", &out.display().to_string()]), "");
    assert_eq!(code, Some(0), "{said}");
    for name in ["table.md", "table.csv", "verdict.md", "verdict.json", "quality.md", "accuracy-by-blocks.svg"] {
        assert!(out.join(name).exists(), "no `{name}`");
    }
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("<code>1VA-s2</code>: not trained"));
    let outside = |address: &str| page.matches(address).count();
    assert_eq!((outside("src="), outside("<link"), outside("@import")), (0, 0, 0));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn metrics_alone_make_figures_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    stdout(&["plot", "-", "--out", &folder.path().display().to_string()], &metrics(&study()));
    assert!(folder.path().join("accuracy-by-blocks.svg").exists());
    assert!(stdout(&["page", "-"], &metrics(&study())).contains("No predictions, so there is nothing but accuracy"));
    assert!(refusal(&["quality", "-"], &metrics(&study())).contains("no predictions of test in the input"));
}

#[test]
fn text_of_runs_stays_text_on_the_page() {
    let hostile = |text: String| text.replace("abacus", "<script>alert(1)</script><img src=x onerror=alert(2)>");
    let page = stdout(&["page", "-"], &hostile(whole(&study())));
    assert!(page.contains("script\u{fffd}alert(1)") && !page.contains("<script>alert") && !page.contains("<img"));
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
    for figure in ["learning-curves", "gain-per-block", "pareto", "reliability", "confidence-by-blocks"] {
        assert!(out.join(format!("{figure}.svg")).exists() && out.join(format!("{figure}.png")).exists(), "{figure}");
    }
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
fn runs_of_one_study_are_of_one_data_and_one_encoder() {
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
    let (code, _, said) = table(&apart.concat());
    assert!(code == Some(0) && said.contains("were trained on different data") && said.lines().count() == 1, "{said}");
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
fn seeds_of_other_weights_are_not_averaged_wherever_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&[Made::new("2VA", 1), Made::new("2VA", 2)], folder.path());
    for (name, says) in
        [("weights", "began with different pretrained weights"), ("encoder", "are of encoders of different shape")]
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
fn an_epoch_beyond_the_configuration_costs_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let spoilt = Made::new("2VA", 1).metrics().replacen("\"epoch\":1,\"split\"", "\"epoch\":4294967295,\"split\"", 1);
    let line = refusal(&["plot", "-", "--out", &folder.path().display().to_string()], &spoilt);
    assert!(line.contains("`stdin`, line 3: `epoch` is 4294967295, but the configuration has 3"), "{line}");
}

#[test]
fn nothing_to_read_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().display().to_string();
    for (source, says) in [
        ("-", "no finished run in the input: name run folders"),
        ("no/such/run", "no such run: train it with make, or leave it out: reading `no/such/run`"),
        (&empty, "is no trained run: train it with make, or leave it out"),
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
fn wrong_usage_is_2_and_a_reader_that_leaves_is_0() {
    for wrong in [&["table"][..], &["plot", "-"], &["verdict", "-", "--margin", "-1"], &["verdct", "-"]] {
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

/// Predictions as of today, of IMDB: with tokens, and ratings in the ids.
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

/// Three configurations: two seeds with predictions of both splits, one without any, and one with them of test alone.
fn measured() -> String {
    let whole = |seed: u64, right: usize, in_validation: usize| {
        let made = Made::new("2VA", seed).validation(&[20, in_validation, 25]).test(&[20, right, 25]);
        let validation = made.clone().test(&[20, in_validation, 25]).predictions();
        made.metrics()
            + &rated(&made.predictions())
            + &validation.replace("\"split\":\"test\"", "\"split\":\"validation\"")
    };
    let alone = Made::new("1VA", 1);
    whole(1, 36, 30) + &whole(2, 32, 28) + &Made::new("0BE", 1).metrics() + &alone.metrics() + &alone.predictions()
}

#[test]
fn quality_is_two_tables_with_their_method_and_says_what_is_left_out() {
    let (code, stdout, stderr) = report(&["quality", "-"], &measured());
    assert_eq!(code, Some(0), "{stderr}");
    insta::assert_snapshot!("quality", stdout);
    assert!(stderr.contains("left out: `0BE`") && stderr.matches('\n').count() == 1, "{stderr}");
    let (_, plain, _) = report(&["quality", "-"], &{
        let made = Made::new("1VA", 1);
        made.metrics() + &made.predictions()
    });
    assert!(!plain.contains("log loss, T") && !plain.contains("| part") && !plain.contains("parts:"), "{plain}");
}

#[test]
fn quality_for_programs_has_the_same_numbers() {
    let (_, json, _) = report(&["quality", "-", "--format", "json"], &measured());
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((rows.len(), json.lines().count()), (2, 4));
    let two = &rows[0];
    assert_eq!((&two["configuration"], &two["n_seeds"]), (&"2VA".into(), &2.into()));
    assert!((two["accuracy"].as_f64().unwrap() - 0.85).abs() < 1e-12);
    let right: u64 = (0..2).map(|class| two["confusion"][class][class].as_u64().unwrap()).sum();
    assert_eq!(right, 36 + 32);
    // ±0.5 apart, right in 30 and 28 of 40 of validation: the best T of each seed has 1 / (1 + exp(−0.5 / T)) = that
    let expected = (0.5 / 3.0_f64.ln() + 0.5 / (7.0_f64 / 3.0).ln()) / 2.0;
    assert!((two["temperature"].as_f64().unwrap() - expected).abs() < 1e-9, "{}", two["temperature"]);
    let (error, confidence) =
        (two["tempered"]["error"].as_f64().unwrap(), two["tempered"]["confidence"].as_f64().unwrap());
    assert!((error - ((0.9 - 0.75) + (0.8 - 0.7)) / 2.0).abs() < 1e-9, "{error}");
    assert!((confidence - (0.75 + 0.7) / 2.0).abs() < 1e-9, "{confidence}");
    assert_eq!(rows[1]["temperature"], serde_json::Value::Null);
    assert_eq!(two["risk_coverage"].as_array().unwrap().len(), 20);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quality.csv");
    report(&["quality", "-", "--out", &path.display().to_string()], &measured());
    let csv = std::fs::read_to_string(path).unwrap();
    assert!(csv.starts_with("configuration,n_seeds,accuracy,macro_f1,f1,auc,confusion,log_loss,"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().starts_with("2VA,2,0.85"), "{csv}");
}

#[test]
fn quality_needs_predictions() {
    let line = refusal(&["quality", "-"], &Made::new("1VA", 1).metrics());
    assert!(line.contains("no predictions of test in the input: predict the test split with `evaluate`"), "{line}");
}

/// Two models and two seeds whose outcomes can be told by hand: seed 1 gets examples 23 to 28 right in B alone, seed 2
/// gets 22 to 24 right in A alone.
fn parting(runs: &Path, shards: &str) -> [String; 2] {
    let made = [("1VA", 1, 30), ("1VA", 2, 39), ("2VA", 1, 36), ("2VA", 2, 36)];
    for (configuration, seed, right) in made {
        let made = Made::new(configuration, seed).test(&[20, right, 25]).shards(shards);
        made.write(runs);
        let path = runs.join(made.name()).join("predictions.test.jsonl");
        publish::bytes(&path, rated(&made.predictions()).as_bytes()).unwrap();
    }
    ["1VA", "2VA"].map(|name| runs.join(name).display().to_string())
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Number, direction, seeds that are right of each flip.
fn told(text: &str) -> Vec<(usize, String, [u64; 2])> {
    let number = |id: &str| id.trim_start_matches("test/").split('_').next().unwrap().parse().unwrap();
    let told = |line: &serde_json::Value| {
        let right = ["seeds_a_right", "seeds_b_right"].map(|field| line[field].as_u64().unwrap());
        (number(line["id"].as_str().unwrap()), line["direction"].as_str().unwrap().to_owned(), right)
    };
    lines(text).iter().map(told).collect()
}

#[test]
fn flips_are_paired_by_seed_and_what_tells_the_models_apart_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = parting(&folder.path().join("x/runs"), "5a");
    let all = stdout(&["flips", &a, &b], "");
    let expected = [
        (22, "a", [2, 1]),
        (25, "b", [0, 1]),
        (26, "b", [1, 2]),
        (27, "b", [1, 2]),
        (28, "b", [1, 2]),
        (23, "both ways", [1, 1]),
        (24, "both ways", [1, 1]),
    ];
    assert_eq!(told(&all), expected.map(|(id, direction, right)| (id, direction.to_owned(), right)));
    let first =
        r#"{"type":"flip","id":"test/22_4","label":0,"direction":"a","seeds_a_right":2,"seeds_b_right":1,"seeds":2,"#;
    let rest = r#""margin_a":0.5,"margin_b":0.0,"tokens":240,"rating":4}"#;
    assert_eq!(all.lines().next().unwrap(), format!("{first}{rest}"));
    let swapped = told(&stdout(&["flips", &b, &a], ""));
    assert_eq!((swapped[0].1.as_str(), swapped.len()), ("b", 7));
    let only = told(&stdout(&["flips", &a, &b, "--only", "b"], ""));
    assert_eq!(only.iter().map(|flip| flip.0).collect::<Vec<_>>(), [25, 26, 27, 28]);
    let one = told(&stdout(&["flips", &format!("{a}-s2"), &b], ""));
    assert_eq!(one.iter().map(|flip| flip.0).collect::<Vec<_>>(), [22, 23, 24]);
    assert_eq!(stdout(&["flips", &a, &a], ""), "");
}

/// A folder of shards with these texts of test and nothing else, and the sha256 of its manifest.
fn with_texts(folder: &Path, texts: &str) -> String {
    let sha256 = records::shards::sha256_hex(texts.as_bytes());
    let manifest = serde_json::json!({
        "data": {"dataset": "d", "tokenizer": "t", "max_seq_length": 37}, "labels": ["a", "b"], "vocab_size": 25,
        "pad_token_id": 0, "tokenizer_sha256": "", "splits": {}, "shards": [],
        "duplicates": {"within_train": 0, "within_test": 0, "across": 0},
        "texts": {"file": "texts.test.jsonl", "split": "test", "examples": 40, "sha256": sha256},
    });
    publish::bytes(&folder.join("manifest.json"), manifest.to_string().as_bytes()).unwrap();
    publish::bytes(&folder.join("texts.test.jsonl"), texts.as_bytes()).unwrap();
    records::shards::sha256_hex(manifest.to_string().as_bytes())
}

#[test]
fn flips_bring_their_texts_from_the_shards() {
    let folder = tempfile::tempdir().unwrap();
    let (runs, shards) = (folder.path().join("x/runs"), folder.path().join("shards"));
    let line =
        |i: usize| serde_json::json!({"id": format!("test/{i}_{}", [1, 9, 4, 10][i % 4]), "text": format!("nº {i}")});
    let texts: String = (0..40).map(|i| format!("{}\n", line(i))).collect();
    let [a, b] = parting(&runs, &with_texts(&shards, &texts));
    let name = shards.display().to_string();
    let all = lines(&stdout(&["flips", &a, &b, "--shards", &name], ""));
    assert_eq!((&all[0]["id"], &all[0]["text"]), (&"test/22_4".into(), &"nº 22".into()));
    assert!(all.iter().all(|flip| flip["text"].is_string()));
    let other = with_texts(&shards, &texts.replace("test/25_9", "test/25_8"));
    let line = refusal(&["flips", &a, &b, "--shards", &name], "");
    assert!(line.contains("shards` is not what run `1VA-s1` was trained on: name its shards"), "{line}");
    parting(&runs, &other);
    let line = refusal(&["flips", &a, &b, "--shards", &name], "");
    assert!(
        line.contains("shards` has no text of `test/25_9`: name the shards that the runs were tested on"),
        "{line}"
    );
    publish::bytes(&shards.join("texts.test.jsonl"), b"").unwrap();
    let line = refusal(&["flips", &a, &b, "--shards", &name], "");
    assert!(line.contains("texts.test.jsonl`: not the bytes its manifest names"), "{line}");
}

#[test]
fn flips_of_runs_that_cannot_be_paired_are_refused_with_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("x/runs");
    let [a, b] = parting(&runs, "5a");
    let (one, two) = (format!("{a}-s1"), format!("{b}-s2"));
    let line = refusal(&["flips", &one, &two], "");
    assert!(line.contains("1VA-s1` (seed 1) and `") && line.contains("have no seed in common: name runs"), "{line}");
    Made::new("4VA", 1).write(&runs); // without ratings in its ids
    let other = runs.join("4VA").display().to_string();
    let line = refusal(&["flips", &a, &other], "");
    assert!(line.contains("1VA` and `") && line.contains("4VA` were tested on different examples: name"), "{line}");
    let nowhere = runs.join("9VA").display().to_string();
    let line = refusal(&["flips", &a, &nowhere], "");
    assert!(line.contains("no run folder `") && line.contains("9VA-s1`: name runs"), "{line}");
    std::fs::remove_file(runs.join("4VA-s1/predictions.test.jsonl")).unwrap();
    let line = refusal(&["flips", &a, &other], "");
    assert!(line.contains("4VA` has no predictions of test: predict"), "{line}");
    let script = format!("'{REPORT}' flips '{a}' '{b}' | true; exit ${{PIPESTATUS[0]}}");
    assert_eq!(outcome(Command::new("bash").args(["-c", &script]), ""), (Some(0), String::new(), String::new()));
}

#[test]
fn the_help_of_flips_has_an_example() {
    insta::assert_snapshot!("help_flips", stdout(&["flips", "--help"], ""));
}
