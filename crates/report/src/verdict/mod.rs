//! The verdict: how few blocks are enough, the drop and the cost of each depth, and how sure that is.

mod candidates;
mod claim;
mod contrast;
mod failed;
mod json;
mod markdown;
mod sentence;

use anyhow::Result;
use statistics::{Difference, Finding, Interval, finding, holm, knee};
use study::Measure;

use crate::arguments::Question;
use crate::check::by_configuration;
use crate::costs::Costs;
use crate::runs::{self, Run};
use crate::sources::Missing;

use candidates::candidates_by_depth;
pub(crate) use candidates::{Candidate, Heads};
pub(crate) use claim::Claim;
use contrast::{contrast, is_same, mcnemar_by_seed};
use failed::{Failed, failed};
pub(crate) use json::text as json;
pub(crate) use markdown::{columns, method, rows, text as markdown};
pub(crate) use sentence::sentences;

/// All results for the depths of one encoder.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    /// By what models are compared.
    pub(crate) measure: Measure,
    /// The largest drop in the measure that is still enough, in points.
    pub(crate) margin: f64,
    /// From shallow to deep; the last is the full model.
    pub(crate) depths: Vec<DepthResult<'a>>,
    /// The place of the knee in `depths`.
    pub(crate) knee: Option<usize>,
    /// The source's claim, on these data.
    pub(crate) claim: Claim,
    /// Why there is no verdict, if there is none.
    pub(crate) none: Option<String>,
    /// Runs that are not finished.
    pub(crate) missing: Vec<String>,
    /// The same without the runs that failed, if some but not all of a depth did.
    pub(crate) without_failed: Option<Box<Verdict<'a>>>,
}

/// One depth.
#[derive(Debug)]
pub(crate) struct DepthResult<'a> {
    pub(crate) candidate: Candidate<'a>,
    /// Mean measure of test over the seeds; all but accuracy need predictions.
    pub(crate) score: Option<f64>,
    pub(crate) interval: Option<Interval>,
    /// Compared with the full model; `None` for the full model itself.
    pub(crate) against: Option<Comparison>,
    /// What the measure gains over the next shallower depth.
    pub(crate) gain: Option<Difference>,
    pub(crate) costs: Costs,
    /// Runs that failed, among those of `candidate`.
    pub(crate) failed: Vec<Failed<'a>>,
}

/// A depth compared with the full model.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) measure: Measure,
    /// Of the model that has fewer; all seeds of both are used.
    pub(crate) n_seeds: usize,
    /// Measure of the full model minus that of the depth.
    pub(crate) drop: Difference,
    /// McNemar's p value: of each seed that both have, over all pairs of runs, and corrected for the number of depths.
    pub(crate) mcnemar: Vec<f64>,
    pub(crate) p_value: f64,
    pub(crate) p_holm: f64,
    pub(crate) finding: Finding,
    /// Whether no run gives any example another class.
    pub(crate) is_same: bool,
    /// Whether the sequence of tests came to this depth.
    pub(crate) is_tested: bool,
}

impl<'a> Verdict<'a> {
    /// The verdict on `runs`.
    ///
    /// # Errors
    /// Runs do not belong together, or no run has the head that was named.
    pub(crate) fn new(runs: &'a [Run], missing: &[Missing], question: &Question) -> Result<Self> {
        let Question { margin, heads, measure } = question;
        let candidates = candidates_by_depth(&by_configuration(runs)?, heads, *measure)?;
        let missing = missing.iter().map(|missing| missing.run.clone()).collect();
        let of = |candidates, missing| Self::of(candidates, missing, *margin, *measure);
        let rest = without_failed(&candidates, *measure).map(|rest| Box::new(of(rest, Vec::new())));
        Ok(Verdict { without_failed: rest, ..of(candidates, missing) })
    }

    fn of(candidates: Vec<Candidate<'a>>, missing: Vec<String>, margin: f64, measure: Measure) -> Self {
        let comparisons = comparisons(&candidates, margin / 100.0, measure);
        let findings: Vec<Finding> = comparisons.iter().flatten().rev().map(|against| against.finding).collect();
        let whole = comparisons.iter().filter(|against| against.is_some()).count() + 1 == candidates.len();
        let none = sentence::no_verdict(&candidates, whole, measure);
        let knee = knee(&findings).filter(|_| none.is_none()).map(|knee| candidates.len() - 2 - knee);
        let claim = Claim::new(&candidates, measure);
        let depths = depths(candidates, comparisons, measure);
        Verdict { measure, margin, depths, knee, claim, none, missing, without_failed: None }
    }

    /// The deepest.
    pub(crate) fn full(&self) -> Option<&DepthResult<'a>> {
        self.depths.last()
    }
}

/// Each candidate compared with the last, and `None` for the last.
fn comparisons(candidates: &[Candidate], margin: f64, measure: Measure) -> Vec<Option<Comparison>> {
    let Some((full, others)) = candidates.split_last() else { return Vec::new() };
    let mut all: Vec<Option<Comparison>> =
        others.iter().map(|candidate| comparison(full, candidate, margin, measure)).collect();
    let p_values: Vec<f64> = all.iter().flatten().map(|against| against.p_value).collect();
    all.iter_mut().flatten().zip(holm(&p_values)).for_each(|(against, corrected)| against.p_holm = corrected);
    let mut goes_on = true;
    for against in all.iter_mut().flatten().rev() {
        against.is_tested = goes_on;
        goes_on &= against.finding == Finding::Enough;
    }
    all.push(None);
    all
}

/// The candidates without their failed runs, where a run failed and a sister did not.
fn without_failed<'a>(candidates: &[Candidate<'a>], measure: Measure) -> Option<Vec<Candidate<'a>>> {
    let rest = |candidate: &Candidate<'a>| {
        let failed = failed(candidate, measure);
        let runs = candidate.runs.iter().copied();
        let runs: Vec<&Run> = runs.filter(|run| !failed.iter().any(|failed| std::ptr::eq(failed.run, *run))).collect();
        if runs.is_empty() { candidate.clone() } else { Candidate { runs } }
    };
    let rest: Vec<Candidate> = candidates.iter().map(rest).collect();
    let n_runs = |candidates: &[Candidate]| candidates.iter().map(|candidate| candidate.runs.len()).sum::<usize>();
    (n_runs(&rest) < n_runs(candidates)).then_some(rest)
}

fn comparison(full: &Candidate, candidate: &Candidate, margin: f64, measure: Measure) -> Option<Comparison> {
    let drop = contrast(measure, &[(full, 1.0), (candidate, -1.0)])?;
    let mcnemar = mcnemar_by_seed(full, candidate);
    let p_value = contrast::p_value(full, candidate);
    let (n_seeds, drop) = (drop.n_seeds, drop.value);
    let (finding, is_same) = (finding(&drop, n_seeds, margin), is_same(full, candidate));
    Some(Comparison { measure, n_seeds, drop, mcnemar, p_value, p_holm: p_value, finding, is_same, is_tested: false })
}

fn depths<'a>(
    candidates: Vec<Candidate<'a>>,
    comparisons: Vec<Option<Comparison>>,
    measure: Measure,
) -> Vec<DepthResult<'a>> {
    let gain =
        |place: usize| contrast(measure, &[(&candidates[place], 1.0), (&candidates[place.checked_sub(1)?], -1.0)]);
    let gains: Vec<Option<Difference>> = (0..candidates.len()).map(|place| Some(gain(place)?.value)).collect();
    let depth = |((candidate, against), gain): ((Candidate<'a>, Option<Comparison>), Option<Difference>)| DepthResult {
        score: runs::measured(measure, &candidate.runs),
        interval: runs::interval(measure, &candidate.runs),
        against,
        gain,
        costs: Costs::of(&candidate.runs),
        failed: failed(&candidate, measure),
        candidate,
    };
    candidates.into_iter().zip(comparisons).zip(gains).map(depth).collect()
}
