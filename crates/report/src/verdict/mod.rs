//! The verdict: how few blocks are enough, with what each depth loses, what it costs, and how sure that is.

mod claim;
mod contrast;
mod json;
mod knee;
mod ladder;
mod markdown;
mod sentence;

use anyhow::Result;

use crate::comparable::by_configuration;
use crate::costs::Costs;
use crate::interval::{self, Interval};
use crate::runs::Run;
use crate::significance::{Difference, holm};
use crate::sources::Missing;

pub(crate) use claim::Claim;
use contrast::{contrast, mcnemar_by_seed};
pub(crate) use json::text as json;
pub(crate) use knee::Finding;
pub(crate) use ladder::{Heads, Rung};
pub(crate) use markdown::{columns, method, rows, text as markdown};
pub(crate) use sentence::sentences;

/// Everything that is said of the depths of one encoder.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    /// How much accuracy may be lost, in points.
    pub(crate) margin: f64,
    /// From shallow to deep; the last is the full model.
    pub(crate) levels: Vec<Level<'a>>,
    /// The place of the knee in `levels`.
    pub(crate) knee: Option<usize>,
    /// The source's claim, on these data.
    pub(crate) claim: Claim,
    /// Why there is none, if there is none.
    pub(crate) none: Option<String>,
    /// Runs that are asked for and not finished.
    pub(crate) missing: Vec<String>,
}

/// One depth.
#[derive(Debug)]
pub(crate) struct Level<'a> {
    pub(crate) rung: Rung<'a>,
    /// Mean test accuracy over the seeds.
    pub(crate) accuracy: f64,
    pub(crate) interval: Interval,
    /// Against the full model; nothing for itself.
    pub(crate) against: Option<Comparison>,
    /// Accuracy gained over the next shallower depth.
    pub(crate) gain: Option<Difference>,
    pub(crate) costs: Costs,
}

/// A depth against the full model.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) n_seeds: usize,
    /// Accuracy of the full model minus that of the depth.
    pub(crate) loss: Difference,
    /// McNemar's p value: of each seed, combined over the seeds, and corrected for the number of depths.
    pub(crate) mcnemar: Vec<f64>,
    pub(crate) p_value: f64,
    pub(crate) p_holm: f64,
    pub(crate) finding: Finding,
}

impl<'a> Verdict<'a> {
    /// Of `runs` that were read, and others that are missing, at a margin in points.
    ///
    /// # Errors
    /// Runs do not belong together, or no run has the head that was named.
    pub(crate) fn new(runs: &'a [Run], missing: &[Missing], heads: &Heads, margin: f64) -> Result<Self> {
        let rungs = ladder::ladder(&by_configuration(runs)?, heads)?;
        let missing = missing.iter().map(|missing| missing.run.clone()).collect();
        let comparisons = comparisons(&rungs, margin / 100.0);
        let findings: Vec<Finding> = comparisons.iter().flatten().rev().map(|against| against.finding).collect();
        let whole = comparisons.iter().filter(|against| against.is_some()).count() + 1 == rungs.len();
        let none = sentence::no_verdict(&rungs, whole);
        let knee = knee::knee(&findings).filter(|_| none.is_none()).map(|knee| rungs.len() - 2 - knee);
        let claim = Claim::new(&rungs);
        Ok(Verdict { margin, levels: levels(rungs, comparisons), knee, claim, none, missing })
    }

    /// The deepest.
    pub(crate) fn full(&self) -> Option<&Level<'a>> {
        self.levels.last()
    }
}

/// Each rung against the last, and nothing for the last.
fn comparisons(rungs: &[Rung], margin: f64) -> Vec<Option<Comparison>> {
    let Some((full, others)) = rungs.split_last() else { return Vec::new() };
    let mut all: Vec<Option<Comparison>> = others.iter().map(|rung| comparison(full, rung, margin)).collect();
    let p_values: Vec<f64> = all.iter().flatten().map(|against| against.p_value).collect();
    all.iter_mut().flatten().zip(holm(&p_values)).for_each(|(against, corrected)| against.p_holm = corrected);
    all.push(None);
    all
}

fn comparison(full: &Rung, rung: &Rung, margin: f64) -> Option<Comparison> {
    let loss = contrast(&[(full, 1.0), (rung, -1.0)])?;
    let mcnemar = mcnemar_by_seed(full, rung);
    let p_value = contrast::p_value(full, rung);
    let finding = knee::finding(&loss.value, loss.n_seeds, margin);
    Some(Comparison { n_seeds: loss.n_seeds, loss: loss.value, mcnemar, p_value, p_holm: p_value, finding })
}

fn levels<'a>(rungs: Vec<Rung<'a>>, comparisons: Vec<Option<Comparison>>) -> Vec<Level<'a>> {
    let gain = |place: usize| contrast(&[(&rungs[place], 1.0), (&rungs[place.checked_sub(1)?], -1.0)]);
    let gains: Vec<Option<Difference>> = (0..rungs.len()).map(|place| Some(gain(place)?.value)).collect();
    let level = |((rung, against), gain): ((Rung<'a>, Option<Comparison>), Option<Difference>)| Level {
        accuracy: rung.runs.iter().map(|run| run.test().0).sum::<f64>() / rung.runs.len() as f64,
        interval: interval::of(&rung.runs),
        against,
        gain,
        costs: Costs::of(&rung.runs),
        rung,
    };
    rungs.into_iter().zip(comparisons).zip(gains).map(level).collect()
}
