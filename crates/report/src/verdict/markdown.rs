//! The verdict for people: the sentences, a row for each depth, the source's claim, the method.

use statistics::{BOOTSTRAP_COVERAGE, BOOTSTRAP_SEED, DRAWS, Finding};

use super::sentence::{between, signed_points};
use super::{Comparison, DepthResult, Verdict, sentences};
use crate::format::unknown;
use crate::grid::{self, Column};

/// A row and the full model it is compared with.
pub(crate) struct Row<'a> {
    depth: &'a DepthResult<'a>,
    full: &'a DepthResult<'a>,
    /// Whether times are of an answer; otherwise they are of a training pass.
    by_latency: bool,
}

/// What each column means stands in [`method`].
pub(crate) fn columns<'a>() -> [Column<Row<'a>>; 13] {
    [
        ("blocks", true, |r| r.depth.candidate.n_blocks().to_string()),
        ("id", false, |r| r.depth.candidate.configuration().to_owned()),
        ("seeds", true, |r| r.depth.candidate.runs.len().to_string()),
        ("test %", true, |r| format!("{:.2}", 100.0 * r.depth.accuracy)),
        ("95 % interval", true, |r| {
            format!("{:.2}–{:.2}", 100.0 * r.depth.interval.low, 100.0 * r.depth.interval.high)
        }),
        ("drop", true, |r| against(r, |a| signed_points(a.drop.mean))),
        ("95 % of the drop", true, |r| against(r, |a| between(a.drop.interval(0.95)))),
        ("finding", false, |r| against(r, |a| label(a.finding).to_owned())),
        ("p, Holm", true, |r| against(r, |a| p_value(a.p_holm))),
        ("gain", true, |r| r.depth.gain.map_or_else(unknown, |gain| signed_points(gain.mean))),
        ("95 % of the gain", true, |r| r.depth.gain.map_or_else(unknown, |gain| between(gain.interval(0.95)))),
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
    let table = grid::markdown(&columns(), &rows(verdict));
    let method: String = method(verdict).iter().map(|note| format!("- {note}\n")).collect();
    let blank = if others.is_empty() { "" } else { "\n" };
    format!("**{first}**\n\n{others}{blank}{table}\n{}\n\n{method}", verdict.claim.sentence)
}

/// How the numbers were found.
pub(crate) fn method(verdict: &Verdict) -> Vec<String> {
    let time = if by_latency(verdict) { "for one answer (median)" } else { "of a training pass" };
    vec![
        format!(
            "test: mean over the seeds, each at the epoch chosen on validation; interval: hierarchical bootstrap (seeds, then \
             test examples; percentiles of {DRAWS} draws, random seed {BOOTSTRAP_SEED}); {BOOTSTRAP_COVERAGE}"
        ),
        format!(
            "drop: accuracy of the full model minus accuracy of the depth, paired by seed and test example, in points; its \
             interval: analysis of variance with seeds and examples as crossed random factors, Student's t with \
             Satterthwaite's degrees of freedom (with three seeds or more it holds the truth in 93 to 97 % of \
             simulated studies where seeds differ, in up to 99 % where they do not). Enough: the whole interval lies below {} points; too few: above; unclear: on \
             both sides",
            verdict.margin
        ),
        "depths are tested from the deepest down, until the first that is not enough: so the chance of calling a depth \
         enough whose drop exceeds the margin does not grow with the number of depths (Maurer et al. 1995); it is nominally \
         2.5 %, and at most 5 % in simulated studies with three seeds or more"
            .to_owned(),
        "p: McNemar's exact test of each seed, one-sided; over seeds twice their mean (Vovk and Wang 2020), for the \
         more surprising direction, doubled; over depths corrected by Holm; a small p means that the depth differs over all \
         seeds together, whether or not the difference matters"
            .to_owned(),
        "gain: accuracy minus that of the next shallower depth, paired and with an interval like the drop".to_owned(),
        format!("time %: {time}, size %: weights on disk, both relative to the full model"),
    ]
}
