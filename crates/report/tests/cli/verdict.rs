//! The verdict: in words and as JSON.

use crate::fixture::Made;
use crate::{metrics, refusal, stdout, study, whole};

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
    let thrice = |id: &str, correct: usize| [1, 2, 3].map(|seed| Made::new(id, seed).test(&[0, correct, 0])).to_vec();
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
