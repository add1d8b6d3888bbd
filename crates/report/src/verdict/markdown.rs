//! The verdict for people: the sentence, a row for each depth, the source's claim, the method.

use super::sentence::{between, signed_points};
use super::{Comparison, Finding, Level, Verdict, sentences};
use crate::format::unknown;
use crate::grid::{self, Column};
use crate::interval::{BOOTSTRAP_COVERAGE, BOOTSTRAP_SEED, DRAWS};

/// A row and the full model it is held against.
pub(crate) struct Row<'a> {
    level: &'a Level<'a>,
    full: &'a Level<'a>,
    /// Whether every depth's time is that of an answer; otherwise it is that of a training pass.
    by_latency: bool,
}

/// What each column means stands in [`method`].
pub(crate) fn columns<'a>() -> [Column<Row<'a>>; 13] {
    [
        ("blocks", true, |r| r.level.rung.n_blocks().to_string()),
        ("id", false, |r| r.level.rung.configuration().to_owned()),
        ("seeds", true, |r| r.level.rung.runs.len().to_string()),
        ("test %", true, |r| format!("{:.2}", 100.0 * r.level.accuracy)),
        ("95 % interval", true, |r| {
            format!("{:.2}–{:.2}", 100.0 * r.level.interval.low, 100.0 * r.level.interval.high)
        }),
        ("loss", true, |r| against(r, |a| signed_points(a.loss.mean))),
        ("95 % of the loss", true, |r| against(r, |a| between(a.loss.interval(0.95)))),
        ("finding", false, |r| against(r, |a| spoken(a.finding).to_owned())),
        ("p, Holm", true, |r| against(r, |a| p_value(a.p_holm))),
        ("gain", true, |r| r.level.gain.map_or_else(unknown, |gain| signed_points(gain.mean))),
        ("95 % of the gain", true, |r| r.level.gain.map_or_else(unknown, |gain| between(gain.interval(0.95)))),
        ("time %", true, |r| {
            let (own, full) = (&r.level.costs, &r.full.costs);
            share(if r.by_latency { own.share_of_latency(full) } else { own.share_of_training(full) })
        }),
        ("size %", true, |r| share(r.level.costs.share_of_size(&r.full.costs))),
    ]
}

fn against(row: &Row, cell: impl Fn(&Comparison) -> String) -> String {
    row.level.against.as_ref().map_or_else(unknown, cell)
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(unknown, |share| format!("{:.0}", 100.0 * share))
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

pub(crate) fn spoken(finding: Finding) -> &'static str {
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
    let row = |full| verdict.levels.iter().map(|level| Row { level, full, by_latency }).collect();
    verdict.full().map_or_else(Vec::new, row)
}

/// Whether all depths were measured on one machine.
fn by_latency(verdict: &Verdict) -> bool {
    let measured =
        |full: &Level| verdict.levels.iter().all(|level| level.costs.share_of_latency(&full.costs).is_some());
    verdict.full().is_some_and(measured)
}

/// The whole verdict.
pub(crate) fn text(verdict: &Verdict) -> String {
    let said = sentences(verdict);
    let (first, others) = said.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
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
            "loss: accuracy of the full model minus that of the depth, paired by seed and test example, in points; its \
             interval: analysis of variance with seeds and examples as crossed random factors, Student's t with \
             Satterthwaite's degrees of freedom (with three seeds or more it holds the truth in 93 to 97 % of \
             simulated studies where seeds differ, in up to 99 % where they do not). Enough: the whole interval lies below {} points; too few: above; unclear: on \
             both sides",
            verdict.margin
        ),
        "the depths are tried from the deepest downwards, and the first that is not enough ends it: so the chance of calling \
         a depth enough that loses the margin does not grow with their number (Maurer et al. 1995); it is 2.5 % by name, and \
         at most 5 % in simulated studies with three seeds or more"
            .to_owned(),
        "p: McNemar's exact test of each seed, one-sided; over seeds twice their mean (Vovk and Wang 2020), for the \
         direction that is more surprising, doubled; over depths corrected by Holm; small: all seeds together say that the \
         depth differs, whether or not that matters"
            .to_owned(),
        "gain: accuracy above the next shallower depth, paired and with its interval as the loss".to_owned(),
        format!("time %: {time}, size %: weights on disk, both beside the full model"),
    ]
}
