//! What may decide an open question: more seeds, more test examples, or another recipe.

use statistics::{LEAST_ANSWERS, LEAST_SEEDS, MOST_SEEDS};
use study::Measure;

use super::place::{blocks, placed};
use crate::format::counted;
use crate::verdict::{Comparison, DepthResult};

/// The drop so far, and how many more seeds and examples a verdict needs.
pub(super) fn few_seeds(next: &DepthResult, against: &Comparison, margin: f64) -> String {
    let (seeds, more) = match LEAST_SEEDS.saturating_sub(against.n_seeds) {
        0 | 1 => ("two seeds", "1 more seed"),
        _ => ("one seed", "2 more seeds"),
    };
    let n_blocks = next.candidate.n_blocks();
    let lie = if n_blocks < 2 { "lies" } else { "lie" };
    let place = placed(against, "which leaves open how much seeds differ");
    let examples = more_examples(against, margin).map_or_else(String::new, |examples| format!(", and {examples}"));
    format!("{seeds}: {} {lie} {place}: run {more}{examples}", blocks(n_blocks))
}

/// What may decide the open question; about, since it is planned from the spread of a few seeds.
pub(super) fn remedy(next: &DepthResult, against: &Comparison, full: &DepthResult, margin: f64) -> String {
    let failed: Vec<&str> = next.failed.iter().chain(&full.failed).map(|failed| failed.run.name()).collect();
    if let Some(first) = failed.first() {
        let others = if failed.len() > 1 { format!(" and {} more", failed.len() - 1) } else { String::new() };
        return format!("`{first}`{others} failed: find out why, and train again, before adding seeds");
    }
    if let Some(examples) = more_examples(against, margin) {
        return format!("{examples}, or use another margin");
    }
    let (drop, edge) = (&against.drop, margin / 100.0);
    let interval = drop.interval(0.95);
    let (distance, planned) = match (edge > 0.0, interval.low <= 0.0) {
        (true, true) => (edge, "planned for a drop of 0".to_owned()),
        (true, false) => (edge / 2.0, "planned for a drop half a margin away from the margin".to_owned()),
        (false, _) => (drop.mean.abs(), "planned for the drop seen here".to_owned()),
    };
    match (drop.seeds_for(distance), drop.examples_for(distance)) {
        (Some(all), _) => {
            let more = all.saturating_sub(against.n_seeds).max(1);
            format!("run about {} ({planned})", counted(more, "more seed"))
        }
        (None, Some(examples)) => format!(
            "about {MOST_SEEDS} seeds may not decide it ({planned}): use about {} test examples, or another margin",
            rounded(examples)
        ),
        (None, None) => format!(
            "seeds may differ too much for about {MOST_SEEDS} of them to decide it ({planned}): use a steadier recipe, or \
             another margin"
        ),
    }
}

/// If the margin allows for too few lost answers.
fn more_examples(against: &Comparison, margin: f64) -> Option<String> {
    let lost = against.drop.answers(margin / 100.0);
    (margin > 0.0 && lost < LEAST_ANSWERS - 1e-9).then(|| {
        if against.measure != Measure::Accuracy {
            return format!(
                "test on {:.1} times as many examples of the rarest class (there a margin of {} is {}, and a verdict \
                 needs {LEAST_ANSWERS})",
                LEAST_ANSWERS / lost,
                counted(margin, "point"),
                counted((10.0 * lost).floor() / 10.0, "lost answer")
            );
        }
        let needed = (100.0 * LEAST_ANSWERS / margin - 1e-9).ceil();
        format!(
            "test on at least {needed} examples (a margin of {} of {} is {}, and a verdict needs {LEAST_ANSWERS})",
            counted(margin, "point"),
            against.drop.n_examples(),
            counted((10.0 * lost).floor() / 10.0, "lost answer")
        )
    })
}

/// To two digits, upwards.
fn rounded(number: usize) -> usize {
    let unit = 10_usize.pow(number.max(1).ilog10().saturating_sub(1));
    number.div_ceil(unit) * unit
}
