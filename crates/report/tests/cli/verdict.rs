//! The verdict: in words and as JSON.

use crate::fixture::Made;
use crate::{metrics, refusal, report, stdout, study, whole};

#[test]
fn the_verdict_has_sentences_a_row_for_each_depth_and_the_method() {
    insta::assert_snapshot!("verdict", stdout(&["verdict", "-", "--margin", "30"], &whole(&study())));
}

#[test]
fn the_verdict_as_json_has_the_same_content() {
    let json = stdout(&["verdict", "-", "--margin", "30", "--format", "json"], &whole(&study()));
    let verdict: serde_json::Value = serde_json::from_str(&json).unwrap();
    let levels = verdict["levels"].as_array().unwrap();
    assert_eq!(levels.iter().map(|level| level["n_blocks"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 4]);
    assert_eq!((&levels[3]["drop"], &levels[2]["compared_seeds"]), (&serde_json::Value::Null, &2.into()));
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
fn each_kind_of_verdict_is_a_plain_sentence() {
    let text = |correct: &[(&str, usize)]| {
        let text = stdout(&["verdict", "-", "--format", "json"], &large(correct));
        let verdict: serde_json::Value = serde_json::from_str(&text).unwrap();
        let sentences = verdict["sentences"].as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap());
        format!("knee {}\n{}", verdict["knee_blocks"], sentences.collect::<Vec<_>>().join("\n"))
    };
    let all = [
        text(&[("1VA", 1600), ("2VA", 1798), ("4VA", 1800)]),
        text(&[("1VA", 1795), ("2VA", 1798), ("4VA", 1800)]),
        text(&[("1VA", 1600), ("2VA", 1700), ("4VA", 1800)]),
        text(&[("1VA", 1600), ("2VA", 1788), ("4VA", 1800)]),
        text(&[("0BE", 1799), ("2VA", 1800), ("4VA", 1798)]),
    ];
    insta::assert_snapshot!("verdicts", all.join("\n\n"));
}

#[test]
fn without_a_verdict_a_sentence_gives_the_reason() {
    let thrice = |id: &str, share: usize| {
        [1, 2, 3].map(|seed| Made::new(id, seed).examples(4_000).test(&[0, 100 * share, 0])).to_vec()
    };
    let text = |made: &[Made]| {
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
        (out_of_order.clone(), "among models deeper than `0T`, all 4 blocks are needed: the model with 1 lies"),
    ] {
        assert!(text(&made).starts_with(says), "{}", text(&made));
    }
    let text = stdout(&["verdict", "-"], &whole(&out_of_order));
    assert!(text.contains("yet `0T`, with no block at all, is level with the full model"), "{text}");
    let metrics_only = stdout(&["verdict", "-"], &metrics(&study()));
    assert!(metrics_only.contains("no verdict: no block at all (`0BE`) has no predictions to pair"), "{metrics_only}");
}

/// The JSON verdict of runs `(configuration, seed, right answers)` of so many examples.
fn judged(n: usize, runs: &[(&str, u64, usize)]) -> serde_json::Value {
    let made = |&(id, seed, right): &(&str, u64, usize)| {
        Made::new(id, seed).examples(n).validation(&[0, 1, 0]).test(&[0, right, 0])
    };
    let text = stdout(&["verdict", "-", "--format", "json"], &whole(&runs.iter().map(made).collect::<Vec<_>>()));
    serde_json::from_str(&text).unwrap()
}

/// Three seeds of one block and of two.
fn pair(n: usize, one: [usize; 3], two: [usize; 3]) -> serde_json::Value {
    let runs = |id, right: [usize; 3]| right.into_iter().zip(1..).map(move |(right, seed)| (id, seed, right));
    judged(n, &runs("1VA", one).chain(runs("2VA", two)).collect::<Vec<_>>())
}

#[test]
fn too_few_test_examples_are_named_and_no_interval_is_empty_or_impossible() {
    for n in [2, 10, 40, 200, 1_998] {
        let verdict = pair(n, [n; 3], [n; 3]);
        let (sentence, level) = (verdict["sentences"][0].as_str().unwrap(), &verdict["levels"][0]);
        assert!(sentence.starts_with("too few test examples to tell 1 from 2 blocks: level"), "{sentence}");
        assert!(
            sentence.contains("not one answer that differs") && sentence.contains("at least 2000 examples"),
            "{sentence}"
        );
        assert_eq!((&level["finding"], &verdict["knee_blocks"]), (&"few-examples".into(), &serde_json::Value::Null));
        let of = |range: &str, end: &str| level[range][end].as_f64().unwrap();
        assert!(
            of("drop_interval", "high") > (2.5 / n as f64).min(0.9) && of("drop_interval", "high") <= 1.0,
            "{level}"
        );
        assert!(of("interval", "low") < 1.0 && of("interval", "high") == 1.0, "{level}");
    }
    assert_eq!(pair(2_000, [2_000; 3], [2_000; 3])["knee_blocks"], 1, "ten lost answers");
}

#[test]
fn one_of_anything_is_singular() {
    let first = |n: usize, none: usize, one: usize, margin: &str| {
        let runs =
            |id: &'static str, right| (1..=3).map(move |seed| Made::new(id, seed).examples(n).test(&[0, right, 0]));
        let made: Vec<Made> = runs("0BE", none).chain(runs("1VA", one)).collect();
        let text = stdout(&["verdict", "-", "--margin", margin], &whole(&made));
        text.lines().next().unwrap().to_owned()
    };
    assert!(first(2_000, 1_600, 1_800, "0.5").starts_with("**the only block is needed: the model without any lies"));
    let few = first(100, 100, 100, "1");
    assert!(few.starts_with("**too few test examples to tell 0 from 1 block: level"), "{few}");
    assert!(few.contains("(a margin of 1 point of 100 is 1 lost answer, and a verdict needs"), "{few}");
}

#[test]
fn a_depth_of_two_of_four_that_loses_next_to_nothing_is_enough_on_two_thousand_examples() {
    let runs = [
        ("1VA", [1740, 1800, 1770]),
        ("2VA", [2000, 1998, 1999]),
        ("3VA", [1998, 2000, 1998]),
        ("4VA", [1999, 2000, 1998]),
    ];
    let runs = runs.iter().flat_map(|(id, right)| right.iter().zip(1..).map(move |(right, seed)| (*id, seed, *right)));
    let verdict = judged(2_000, &runs.collect::<Vec<_>>());
    assert!(verdict["sentences"][0].as_str().unwrap().starts_with("2 of 4 blocks are enough"), "{verdict}");
}

#[test]
fn seed_numbers_decide_nothing() {
    let made = |id: &str, right: [usize; 3]| {
        right
            .into_iter()
            .zip(1..)
            .map(|(right, seed)| Made::new(id, seed).examples(2_000).test(&[0, right, 0]))
            .collect()
    };
    let (full, depth): (Vec<Made>, Vec<Made>) =
        (made("2VA", [1_800, 1_830, 1_760]), made("1VA", [1_799, 1_829, 1_759]));
    let verdicts = [[1, 2, 3], [2, 3, 1], [3, 1, 2], [4, 5, 6], [3, 4, 5]].map(|numbers| {
        let renumbered = |(made, number): (&Made, u64)| {
            let (text, name) = (whole(std::slice::from_ref(made)), made.name());
            let seed = &name["1VA-s".len()..];
            text.replace(&name, &format!("1VA-s{number}"))
                .replace(&format!("\"seed\":{seed}"), &format!("\"seed\":{number}"))
        };
        let text = whole(&full) + &depth.iter().zip(numbers).map(renumbered).collect::<String>();
        let verdict: serde_json::Value =
            serde_json::from_str(&stdout(&["verdict", "-", "--format", "json"], &text)).unwrap();
        let level = &verdict["levels"][0];
        let rounded = |end: &str| (level["drop_interval"][end].as_f64().unwrap() * 1e9).round();
        (verdict["sentences"].clone(), level["finding"].clone(), rounded("low"), rounded("high"))
    });
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
}

#[test]
fn a_failed_run_is_named_counted_and_left_out_once() {
    let verdict = pair(4_000, [3_600; 3], [3_600, 2_000, 3_601]);
    let sentences: Vec<&str> = verdict["sentences"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert!(
        sentences[0].ends_with("`2VA-s2` failed: find out why, and train again, before adding seeds"),
        "{sentences:?}"
    );
    let named = "1 of 3 runs of 2 blocks (`2VA`) failed: `2VA-s2` has 50.00 % on test, no better than always answering the most \
                 frequent class, 50.00 %";
    assert_eq!(sentences[1], named);
    assert!(sentences[2].starts_with("without the failed runs: no verdict from two seeds"), "{sentences:?}");
    assert_eq!(verdict["levels"][1]["failed_runs"], serde_json::json!(["2VA-s2"]));
    let shallow = pair(4_000, [3_600, 3_000, 3_602], [3_600; 3]);
    assert!(shallow["sentences"][1].as_str().unwrap().contains("far below the 90.03 % of its sisters"), "{shallow}");
    let six: Vec<_> = (1..=6).map(|seed| ("2VA", seed, if seed == 4 { 2_000 } else { 3_600 })).collect();
    let verdict = judged(4_000, &[six, (1..=3).map(|seed| ("1VA", seed, 3_600)).collect()].concat());
    assert_eq!(verdict["without_failed"]["knee_blocks"], 1, "{verdict}");
}

#[test]
fn what_the_sequence_did_not_reach_is_marked_and_the_method_names_what_chose_the_epochs() {
    let runs = |id: &str, right: usize| {
        [1, 2, 3].map(|seed| Made::new(id, seed).no_validation().examples(4_000).test(&[right])).to_vec()
    };
    let text =
        stdout(&["verdict", "-"], &whole(&[runs("1VA", 3_600), runs("2VA", 3_000), runs("3VA", 3_600)].concat()));
    assert!(text.contains("enough (not tested)") && text.contains("| too few "), "{text}");
    assert!(text.contains("at the epoch chosen on test;") && !text.contains("chosen on validation"), "{text}");
    assert!(text.contains("p: McNemar's exact test of these runs"), "{text}");
}

/// The depth loses answers to the rare class only, a tenth of all. scikit-learn: macro F1 0.985794 and 0.903568, balanced
/// accuracy 0.975 and 0.85.
#[test]
fn by_a_mean_over_classes_a_rare_class_counts_as_much_as_a_common_one() {
    let runs = |id: &str, right: usize| {
        [1, 2, 3].map(|seed| Made::new(id, seed).examples(2_000).every(10).test(&[0, right, 0])).to_vec()
    };
    let runs = whole(&[runs("1VA", 1_940), runs("2VA", 1_990)].concat());
    for (measure, says, drop, score) in [
        ("accuracy", "1 of 2 blocks is enough: 2.50 points below the full model", 0.025, 0.97),
        (
            "macro-f1",
            "all 2 blocks are needed: the model with 1 lies 8.22 points of macro F1 below",
            0.082_226,
            0.903_568,
        ),
        ("balanced-accuracy", "all 2 blocks are needed: the model with 1 lies 12.50 points of balanced", 0.125, 0.85),
    ] {
        let asked =
            |command, format| stdout(&[command, "-", "--margin", "4", "--measure", measure, "--format", format], &runs);
        let verdict: serde_json::Value = serde_json::from_str(&asked("verdict", "json")).unwrap();
        assert!(verdict["sentences"][0].as_str().unwrap().starts_with(says), "{verdict}");
        let level = &verdict["levels"][0];
        let close =
            |value: &serde_json::Value, to: f64| assert!((value.as_f64().unwrap() - to).abs() < 1e-6, "{level}");
        close(&level["drop"], drop);
        close(&level["test_measure"], score);
        close(&level["test_accuracy"], 0.97);
        assert_eq!(verdict["measure"], measure);
        let shown = |text: &str| text.contains("macro F1 %") || text.contains("balanced accuracy %");
        assert_eq!(
            [asked("verdict", "markdown"), asked("table", "markdown")].map(|text| shown(&text)),
            [measure != "accuracy"; 2]
        );
    }
    let few = stdout(&["verdict", "-", "--measure", "macro-f1"], &runs);
    assert!(few.contains("8.22 points of macro F1 below"), "{few}");
    let (code, _, message) = report(&["verdict", "-", "--measure", "macro-f2"], &runs);
    assert!(code == Some(2) && message.contains("did you mean `macro-f1`?"), "{message}");
}

#[test]
fn a_margin_of_few_answers_to_the_rarest_class_is_named() {
    let runs =
        |id: &str| [1, 2, 3].map(|seed| Made::new(id, seed).examples(2_000).every(10).test(&[0, 1_990, 0])).to_vec();
    let text = stdout(&["verdict", "-", "--measure", "macro-f1"], &whole(&[runs("1VA"), runs("2VA")].concat()));
    let says =
        "test on 5.0 times as many examples of the rarest class (there a margin of 0.5 points is 2 lost answers, and a";
    assert!(
        text.starts_with("**too few test examples to tell 1 from 2 blocks: level with the full model in macro F1"),
        "{text}"
    );
    assert!(text.contains(says), "{text}");
}

#[test]
fn without_predictions_there_is_no_other_measure_than_accuracy() {
    let text = stdout(&["verdict", "-", "--measure", "macro-f1"], &metrics(&study()));
    assert!(text.contains("has no predictions to pair") && text.contains("| macro F1 % |"), "{text}");
}

#[test]
fn remedies_are_about_and_planned_for_no_drop() {
    let verdict = pair(25_000, [22_500, 22_600, 22_400], [22_500, 22_610, 22_450]);
    let sentence = verdict["sentences"][0].as_str().unwrap();
    assert!(sentence.contains("run about") && sentence.ends_with("more seeds (planned for a drop of 0)"), "{sentence}");
    let apart = pair(25_000, [22_500, 23_500, 21_500], [22_500, 23_400, 21_600]);
    let sentence = apart["sentences"][0].as_str().unwrap();
    assert!(sentence.contains("seeds may differ too much for about 30 of them to decide it (planned"), "{sentence}");
}

#[test]
fn a_loss_computed_in_double_precision_is_accepted() {
    let made = Made::new("1VA", 1).examples(2).validation(&[0, 1, 0]).test(&[0, 2, 0]);
    let lines = [
        "{\"type\":\"prediction\",\"id\":\"a\",\"label\":1,\"predicted\":0,\"logits\":[0.1,-3.3]}",
        "{\"type\":\"prediction\",\"id\":\"b\",\"label\":1,\"predicted\":1,\"logits\":[-2.7,1.9]}",
    ];
    let recorded: String =
        made.predictions().lines().filter(|line| !line.contains("\"prediction\"")).map(|l| format!("{l}\n")).collect();
    for loss in [1.721_415_038_8, 1.721_414_992_5] {
        let (begin, end) = recorded.split_once('\n').unwrap();
        let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
        (end["loss"], end["accuracy"]) = (loss.into(), 0.5.into());
        let metrics = made.metrics();
        let metrics = metrics.lines().map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            if line["split"] == "test" && line["epoch"] == 2 {
                (line["loss"], line["accuracy"]) = (loss.into(), 0.5.into());
            }
            format!("{line}\n")
        });
        let text = format!("{}{begin}\n{}\n{end}\n", metrics.collect::<String>(), lines.join("\n"));
        assert!(stdout(&["verdict", "-"], &text).starts_with("**no verdict: only one depth"), "{loss}");
    }
}
