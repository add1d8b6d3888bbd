//! The verdict in words: one plain sentence first, then the next depth and the caveats.

mod depth;
mod none;
mod place;
mod remedy;

use study::Measure;

use super::failed::{Failed, Than};
use super::{DepthResult, Verdict};
use crate::format::counted;

pub(crate) use none::no_verdict;
pub(crate) use place::{between, signed_points};

use depth::describe;
use place::blocks;

/// The verdict, the depth below it, failed runs, and the caveats, each a sentence of its own.
pub(crate) fn sentences(verdict: &Verdict) -> Vec<String> {
    let mut sentences = judgement(verdict);
    if let Some(first) = sentences.first_mut().filter(|_| !verdict.missing.is_empty()) {
        *first = format!("preliminary, with {} missing: {first}", counted(verdict.missing.len(), "run"));
    }
    let failed = verdict.depths.iter().filter(|depth| !depth.failed.is_empty());
    sentences.extend(failed.map(|depth| failures(depth, verdict.measure)));
    let rest = verdict.without_failed.iter().flat_map(|rest| judgement(rest));
    sentences.extend(rest.map(|sentence| format!("without the failed runs: {sentence}")));
    sentences.extend(caveats(verdict));
    sentences
}

/// The verdict and the depth below it.
pub(super) fn judgement(verdict: &Verdict) -> Vec<String> {
    match (&verdict.none, verdict.full()) {
        (Some(none), _) => vec![none.clone()],
        (None, Some(full)) => describe(verdict, full),
        (None, None) => Vec::new(),
    }
}

/// How many runs of a depth failed, and which.
fn failures(depth: &DepthResult, measure: Measure) -> String {
    let (failed, all) = (depth.failed.len(), depth.candidate.runs.len());
    let named = |failed: &Failed| {
        let own = scored(measure, failed.own);
        let than = match failed.than {
            Than::MostFrequent(share) => {
                format!("no better than always answering the most frequent class, {:.2} %", 100.0 * share)
            }
            Than::Sisters(median) => format!("far below the {:.2} % of its sisters", 100.0 * median),
        };
        format!("`{}` has {own} on test, {than}", failed.run.name())
    };
    format!(
        "{failed} of {} of {} (`{}`) failed: {}",
        counted(all, "run"),
        blocks(depth.candidate.n_blocks()),
        depth.candidate.configuration(),
        depth.failed.iter().map(named).collect::<Vec<_>>().join("; ")
    )
}

/// `91.25 %`, or with the name of the measure if it is not accuracy.
fn scored(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Accuracy => format!("{:.2} %", 100.0 * value),
        _ => format!("a {} of {:.2} %", measure.words(), 100.0 * value),
    }
}

/// What a reader must know before trusting the verdict.
fn caveats(verdict: &Verdict) -> Vec<String> {
    let Some(full) = verdict.full() else { return Vec::new() };
    let on_test = verdict.depths.iter().flat_map(|depth| &depth.candidate.runs).any(|run| !run.has_validation());
    let (kept, whole) = (full.candidate.n_blocks(), full.candidate.runs[0].training.begin.encoder_blocks);
    [
        verdict.missing.first().map(|first| missing(first, verdict.missing.len())),
        on_test.then(|| "epochs were chosen on test, so accuracies are optimistic".to_owned()),
        (kept < whole).then(|| {
            format!("the whole encoder has {}, of which the deepest model here keeps {kept}", counted(whole, "block"))
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs that are not finished may change the verdict.
fn missing(first: &str, number: usize) -> String {
    let others = if number > 1 { format!(" and {} more", number - 1) } else { String::new() };
    format!(
        "missing: `{first}`{others}; the deepest finished model stands for the full one, and the verdict may change"
    )
}
