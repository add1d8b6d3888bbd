//! What figures are made from, made up for tests.

use records::{Latency, Provenance};
use statistics::{Bin, Calibration};
use study::Measure;

use super::{Figure, Material};
use crate::arguments::Question;
use crate::fixture::Made;
use crate::quality::Quality;
use crate::runs::Run;
use crate::scores::Score;
use crate::sources::from_text;
use crate::verdict::{Heads, Verdict};

/// The runs that were made, with predictions.
pub(super) fn runs(made: &[Made]) -> Vec<Run> {
    from_text(&made.iter().map(|made| made.metrics() + &made.predictions()).collect::<String>()).unwrap()
}

/// Ask something of the material that these runs are.
pub(super) fn with<T>(runs: &[Run], quality: &[Quality], ask: impl FnOnce(&Material) -> T) -> T {
    let question = Question { margin: 10.0, heads: Heads::Deepest, measure: Measure::Accuracy };
    let verdict = Verdict::new(runs, &[], &question).unwrap();
    let scores = Score::all(runs, question.measure).unwrap();
    ask(&Material { scores: &scores, runs, verdict: &verdict, quality, study: Some("imdb") })
}

/// A figure of these runs, if there is one.
pub(super) fn figure(made: &[Made], quality: &[Quality], draw: super::Draw) -> Option<Figure> {
    with(&runs(made), quality, draw)
}

/// Twelve depths and a baseline of long names, three seeds each; accuracy rises and then stays.
pub(super) fn deep() -> Vec<Made> {
    let id = |n_blocks: usize| match n_blocks {
        0 => "0-a-baseline-without-any-block".to_owned(),
        n => format!("{n}-blocks-under-a-head-of-a-long-name"),
    };
    let made = |n_blocks: usize, seed: u64| {
        let right = 50 * (24 + 3 * n_blocks).min(36) - seed as usize;
        let made = Made::new(&id(n_blocks), seed).blocks(&(0..n_blocks).collect::<Vec<_>>());
        made.examples(2_000)
            .test(&[1_000, right, 1_100])
            .seconds(1.0 + n_blocks as f64)
            .model_bytes(90_000_000 + 28_000_000 * n_blocks as u64)
    };
    (0..=12).flat_map(|n_blocks| [1, 2, 3].map(|seed| made(n_blocks, seed))).collect()
}

/// Confidence of 0.95, 0.75 and 0.55, each right in fewer cases than it says.
pub(super) fn quality(configuration: &str, accuracy: f64, over: f64) -> Quality {
    let calibration = |over: f64| Calibration {
        log_loss: 0.4,
        brier: 0.1,
        error: over.abs(),
        confidence: accuracy + over,
        bins: [(0.55, 10), (0.75, 20), (0.95, 50)]
            .map(|(confidence, examples)| Bin { confidence, accuracy: confidence - over, examples })
            .to_vec(),
    };
    Quality {
        configuration: configuration.to_owned(),
        n_seeds: 2,
        accuracy,
        macro_f1: accuracy,
        balanced_accuracy: accuracy,
        f1: vec![accuracy; 2],
        auc: None,
        confusion: vec![vec![0; 2]; 2],
        raw: calibration(over),
        temperature: Some(1.5),
        is_temperature_bound: false,
        tempered: Some(calibration(over / 4.0)),
        risk_coverage: Vec::new(),
        risk_area: 0.0,
        by_length: Vec::new(),
        by_rating: Vec::new(),
    }
}

/// An answer of that many milliseconds.
pub(super) fn latency(run: &str, milliseconds: f64) -> Latency {
    let provenance = Provenance {
        commit: "c0".to_owned(),
        burn: "0.22".to_owned(),
        libtorch: "none".to_owned(),
        device: "flex".to_owned(),
        hardware: "abacus".to_owned(),
        threads: 2,
    };
    Latency {
        run: run.to_owned(),
        provenance,
        warm_up: 3,
        repetitions: 9,
        mean_tokens: 100.0,
        p50_seconds: milliseconds / 1e3,
        p95_seconds: milliseconds / 500.0,
        examples_per_second: 9.0,
        batch_size: 8,
        flops_per_token: None,
    }
}
