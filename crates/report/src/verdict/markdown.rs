//! The verdict for people: the sentences, a row for each depth, the source's claim, the method.

use statistics::{Finding, LEAST_ANSWERS};
use study::Measure;

use super::sentence::{between, signed_points};
use super::{Comparison, DepthResult, Verdict, sentences};
use crate::format::{counted, percent, unknown};
use crate::grid::{self, Column};
use crate::notes;

/// `simulation::tables` of the crate `statistics` counts these.
const DROP_COVERAGE: &str = "with three seeds or more it holds the truth in 95 to 98 % of simulated studies, and in 91 to 98 % \
                             where the seeds of only one of the two models differ";
/// `simulation_of_classes::tables_of_classes` counts these.
const OF_CLASSES: &str = "with three seeds or more it holds the truth in 94 to 100 % of simulated studies of 2 to 20 classes, and \
                          in 97 % and more where the rarest has 20 examples or fewer: there it is wide rather than narrow";
const WRONG: &str = "it is nominally 2.5 %, and at most 5 % in simulated studies with three seeds or more";

/// A row and the full model it is compared with.
pub(crate) struct Row<'a> {
    depth: &'a DepthResult<'a>,
    full: &'a DepthResult<'a>,
    /// Whether times are of an answer; otherwise they are of a training pass.
    by_latency: bool,
}

/// What each column means stands in [`method`].
pub(crate) fn columns<'a>(measure: Measure) -> [Column<Row<'a>>; 13] {
    let test = match measure {
        Measure::Accuracy => "test %",
        Measure::MacroF1 => "macro F1 %",
        Measure::BalancedAccuracy => "balanced accuracy %",
    };
    [
        ("blocks", true, |r| r.depth.candidate.n_blocks().to_string()),
        ("id", false, |r| r.depth.candidate.configuration().to_owned()),
        ("seeds", true, |r| seeds(r.depth)),
        (test, true, |r| r.depth.score.map_or_else(unknown, percent)),
        ("95 % interval", true, |r| {
            let interval = r.depth.interval;
            interval.map_or_else(unknown, |interval| format!("{}–{}", percent(interval.low), percent(interval.high)))
        }),
        ("drop", true, |r| against(r, |a| signed_points(a.drop.mean))),
        ("95 % of the drop", true, |r| against(r, |a| between(a.drop.interval(0.95)))),
        ("finding", false, |r| against(r, finding)),
        ("p, Holm", true, |r| against(r, |a| p_value(a.p_holm))),
        ("gain", true, |r| r.depth.gain.as_ref().map_or_else(unknown, |gain| signed_points(gain.mean))),
        ("95 % of the gain", true, |r| r.depth.gain.as_ref().map_or_else(unknown, |gain| between(gain.interval(0.95)))),
        ("time %", true, |r| {
            let (own, full) = (&r.depth.costs, &r.full.costs);
            share(if r.by_latency { own.share_of_latency(full) } else { own.share_of_training(full) })
        }),
        ("size %", true, |r| share(r.depth.costs.share_of_size(&r.full.costs))),
    ]
}

fn against(row: &Row, cell: impl Fn(&Comparison) -> String) -> String {
    row.depth.against.as_ref().map_or_else(unknown, cell)
}

/// `3`, or `3, 1 failed`
fn seeds(depth: &DepthResult) -> String {
    let failed = match depth.failed.len() {
        0 => String::new(),
        n => format!(", {n} failed"),
    };
    format!("{}{failed}", depth.candidate.runs.len())
}

fn finding(against: &Comparison) -> String {
    let label = label(against.finding);
    if against.is_tested { label.to_owned() } else { format!("{label} (not tested)") }
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(unknown, |share| format!("{:.0}", 100.0 * share))
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

pub(crate) fn label(finding: Finding) -> &'static str {
    match finding {
        Finding::Enough => "enough",
        Finding::TooFew => "too few",
        Finding::Unclear => "unclear",
        Finding::FewSeeds => "few seeds",
        Finding::FewExamples => "few examples",
    }
}

/// Rows from shallow to deep.
pub(crate) fn rows<'a>(verdict: &'a Verdict<'a>) -> Vec<Row<'a>> {
    let by_latency = by_latency(verdict);
    let row = |full| verdict.depths.iter().map(|depth| Row { depth, full, by_latency }).collect();
    verdict.full().map_or_else(Vec::new, row)
}

/// Whether all depths were measured on one machine.
fn by_latency(verdict: &Verdict) -> bool {
    let measured =
        |full: &DepthResult| verdict.depths.iter().all(|depth| depth.costs.share_of_latency(&full.costs).is_some());
    verdict.full().is_some_and(measured)
}

/// The whole verdict.
pub(crate) fn text(verdict: &Verdict) -> String {
    let sentences = sentences(verdict);
    let (first, others) = sentences.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
    let others: String = others.iter().map(|sentence| format!("- {sentence}\n")).collect();
    let table = grid::markdown(&columns(verdict.measure), &rows(verdict));
    let method: String = method(verdict).iter().map(|note| format!("- {note}\n")).collect();
    let blank = if others.is_empty() { "" } else { "\n" };
    format!("**{first}**\n\n{others}{blank}{table}\n{}\n\n{method}", verdict.claim.sentence)
}

/// How the numbers were found.
pub(crate) fn method(verdict: &Verdict) -> Vec<String> {
    let time = if by_latency(verdict) { "for one answer (median)" } else { "of a training pass" };
    let runs = || verdict.depths.iter().flat_map(|depth| &depth.candidate.runs);
    let chosen = match (runs().any(|run| run.has_validation()), runs().all(|run| run.has_validation())) {
        (_, true) => "validation",
        (true, false) => "validation, or on test where a run has no validation",
        (false, false) => "test",
    };
    let failed = verdict.depths.iter().any(|depth| !depth.failed.is_empty());
    let (measure, is_accuracy) = (verdict.measure.words(), verdict.measure == Measure::Accuracy);
    let coverage = if is_accuracy { DROP_COVERAGE } else { OF_CLASSES };
    let notes = [
        Some(test(verdict.measure, chosen)),
        Some(format!(
            "drop: {measure} of the full model minus {measure} of the depth, in points, over all seeds of both, which are not \
             paired, whatever their numbers; test examples are. Its interval: Student's t with seeds (of each model its own) \
             and test examples as random factors and Welch's degrees of freedom, and with four examples added (two on \
             which only the one is right, and two for the other), so that it has a width where answers hardly differ; \
             {coverage}. Enough: the whole interval lies below {}; too few: above; unclear: on both sides; few \
             examples: the margin allows for fewer than {LEAST_ANSWERS} lost answers, which is too few to tell{}",
            counted(verdict.margin, "point"),
            if is_accuracy { "" } else { "; where classes count by themselves, these are answers to the rarest class" }
        )),
        Some(format!(
            "depths are tested from the deepest down, until the first that is not enough: so the chance of calling a depth \
             enough whose drop exceeds the margin does not grow with the number of depths (Maurer et al. 1995); {WRONG}. \
             Findings below it are marked \"not tested\": nothing protects them"
        )),
        Some(format!(
            "p: McNemar's exact test of these runs{}, one-sided, for each pair of a run of the full model and a run of the \
             depth; over pairs twice their mean (Vovk and Wang 2020), for the more surprising direction, doubled; over depths \
             corrected by Holm; a small p means that these runs differ, not that other seeds would, nor that it matters",
            if is_accuracy { "" } else { " (of right answers, whatever the measure)" }
        )),
        Some(format!("gain: {measure} minus that of the next shallower depth, with an interval like the drop")),
        failed.then(|| {
            "failed: a run no better on test than always answering the most frequent class, or more than 10 points, and \
             more than 5 times the median distance of its sisters from their median, below that median"
                .to_owned()
        }),
        Some(format!("time %: {time}, size %: weights on disk, both relative to the full model")),
    ];
    notes.into_iter().flatten().collect()
}

/// What is compared, and how sure it is.
fn test(measure: Measure, chosen: &str) -> String {
    let (column, what) = match measure {
        Measure::Accuracy => ("test", String::new()),
        _ => (measure.words(), format!("of test, {}; ", notes::measure(measure))),
    };
    format!(
        "{column}: {what}mean over the seeds, each at the epoch chosen on {chosen}; interval: {}",
        notes::interval(measure)
    )
}
