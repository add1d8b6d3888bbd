//! Measures beyond accuracy, from the predictions alone: confusion, ranking, calibration, and accuracy by part.

mod seed;
pub(crate) mod slices;
mod text;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;
use statistics::{Calibration, Confusion, TEMPERATURES, mean, shares};

pub(crate) use text::{columns, notes, text};

use crate::check::by_configuration;
use crate::grid;
use crate::runs::Run;
use seed::Seed;

/// Means over the seeds of one configuration, on the test split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Quality {
    pub(crate) configuration: String,
    pub(crate) n_seeds: usize,
    pub(crate) accuracy: f64,
    /// Over the classes that an example has or was given.
    pub(crate) macro_f1: f64,
    /// The mean of the recalls, over the classes that have examples.
    pub(crate) balanced_accuracy: f64,
    /// F1 of each class; 0 for a class that occurs nowhere.
    pub(crate) f1: Vec<f64>,
    /// Area under the ROC curve; of more than two classes the mean of one against the rest.
    pub(crate) auc: Option<f64>,
    /// `[true class][predicted class]`, added up over the seeds.
    pub(crate) confusion: Vec<Vec<u64>>,
    /// Of the probabilities as the model gives them.
    pub(crate) raw: Calibration,
    /// What logits are divided by, fitted on validation, the geometric mean over the seeds; nothing unless every seed has predictions of it.
    pub(crate) temperature: Option<f64>,
    /// Whether the fit of a seed ended at a bound, so that validation does not determine its temperature.
    pub(crate) is_temperature_bound: bool,
    /// Of the probabilities after that, each seed by its own temperature.
    pub(crate) tempered: Option<Calibration>,
    /// (coverage, risk): the error rate among that share of examples of which the model is most confident.
    pub(crate) risk_coverage: Vec<(f64, f64)>,
    /// Mean risk over all coverages.
    pub(crate) risk_area: f64,
    pub(crate) by_length: Vec<Slice>,
    pub(crate) by_rating: Vec<Slice>,
}

/// A part of the test split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Slice {
    pub(crate) name: String,
    pub(crate) examples: usize,
    pub(crate) accuracy: f64,
    pub(crate) confidence: f64,
}

/// Each configuration that has predictions of test for all of its seeds, in the order of the table.
///
/// # Errors
/// Runs do not belong together.
pub(crate) fn all(runs: &[Run]) -> Result<Vec<Quality>> {
    let mut groups = by_configuration(runs)?;
    grid::sort(&mut groups, |group| (group[0].configuration().head.kind.clone(), group[0].training.begin.blocks.len()));
    let found: Vec<Option<Quality>> = groups.par_iter().map(|group| Quality::of(group)).collect();
    let some = found.iter().any(Option::is_some);
    for (group, _) in groups.iter().zip(&found).filter(|(_, quality)| some && quality.is_none()) {
        let configuration = &group[0].configuration().configuration;
        log::warn!("left out: `{configuration}`, not all of its runs have predictions of test");
    }
    Ok(found.into_iter().flatten().collect())
}

/// How to get predictions.
pub(crate) const REMEDY: &str =
    "predict the test split with `evaluate`, and name run folders, such as `out/sample/runs/*`";

impl Quality {
    /// Of the runs of one configuration; nothing where a run has no predictions of test.
    pub(crate) fn of(runs: &[&Run]) -> Option<Quality> {
        let seeds: Option<Vec<Seed>> = runs.par_iter().map(|run| Seed::of(run)).collect();
        let seeds = seeds.filter(|seeds| !seeds.is_empty())?;
        let confusion = Confusion::sum(seeds.iter().map(|seed| &seed.confusion));
        let outcomes: Vec<_> = runs.iter().filter_map(|run| run.outcomes.as_ref()).collect();
        let probabilities: Vec<_> = seeds.iter().map(|seed| &seed.probabilities).collect();
        let tempered: Option<Vec<_>> = seeds.iter().map(|seed| seed.tempered.as_ref()).collect();
        Some(Quality {
            configuration: runs[0].configuration().configuration.clone(),
            n_seeds: runs.len(),
            accuracy: mean(outcomes.iter().map(|outcomes| outcomes.accuracy())),
            macro_f1: mean(seeds.iter().map(|seed| seed.macro_f1)),
            balanced_accuracy: mean(seeds.iter().map(|seed| seed.confusion.balanced_accuracy())),
            f1: by_column(&seeds, |seed| seed.f1.clone()),
            auc: seeds.iter().map(|seed| seed.auc).collect::<Option<Vec<_>>>().map(mean),
            confusion: confusion.rows(),
            raw: Calibration::over_seeds(&seeds.iter().map(|seed| &seed.raw).collect::<Vec<_>>()),
            temperature: seeds.iter().map(|seed| seed.temperature).collect::<Option<Vec<_>>>().map(geometric_mean),
            is_temperature_bound: seeds.iter().any(|seed| seed.temperature.is_some_and(|t| TEMPERATURES.contains(&t))),
            tempered: tempered.map(|tempered| Calibration::over_seeds(&tempered)),
            risk_coverage: shares().zip(by_column(&seeds, |seed| seed.risks.to_vec())).collect(),
            risk_area: mean(seeds.iter().map(|seed| seed.risk_area)),
            by_length: slices::by_length(&outcomes, &probabilities),
            by_rating: slices::by_rating(&outcomes, &probabilities),
        })
    }
}

/// exp of the mean of ln: 0.05 and 20 are as far from 1.
fn geometric_mean(values: Vec<f64>) -> f64 {
    mean(values.into_iter().map(f64::ln)).exp()
}

/// The mean over the seeds, place by place.
fn by_column(seeds: &[Seed], row: impl Fn(&Seed) -> Vec<f64>) -> Vec<f64> {
    let rows: Vec<Vec<f64>> = seeds.iter().map(row).collect();
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|place| mean(rows.iter().map(|row| row[place]))).collect()
}
