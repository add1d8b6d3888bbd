//! One typed row per configuration: what tables, sentences and figures are made from.

use anyhow::Result;
use records::metrics::Epoch;
use serde::Serialize;
use statistics::mean;
use study::Measure;

use crate::check::by_configuration;
use crate::costs::Costs;
use crate::runs::{self, Run};

/// A row of `table.csv` and of its JSON, under the names of these fields; the names carry the units.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Score {
    pub(crate) configuration: String,
    pub(crate) encoder: String,
    pub(crate) head: String,
    pub(crate) kept_blocks: Vec<u64>,
    pub(crate) n_blocks: u64,
    pub(crate) encoder_blocks: u64,
    pub(crate) n_seeds: u64,
    pub(crate) seeds: Vec<u64>,
    pub(crate) test_accuracy: f64,
    pub(crate) interval_low: f64,
    pub(crate) interval_high: f64,
    pub(crate) interval_method: &'static str,
    pub(crate) test_examples: u64,
    pub(crate) chosen_epochs: Vec<u64>,
    pub(crate) chosen_on_validation: bool,
    pub(crate) peak_test_accuracy: Option<f64>,
    pub(crate) peak_epochs: Vec<u64>,
    pub(crate) published_accuracy: Option<f64>,
    pub(crate) peak_minus_published: Option<f64>,
    pub(crate) parameters: u64,
    pub(crate) model_bytes: Option<u64>,
    pub(crate) seconds_per_epoch: Option<f64>,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) measured_on: String,
    pub(crate) measured_on_one_machine: bool,
    pub(crate) macro_f1: Option<f64>,
    pub(crate) balanced_accuracy: Option<f64>,
    /// By what the verdict compares models, and its interval here.
    pub(crate) measure: Measure,
    pub(crate) measure_low: Option<f64>,
    pub(crate) measure_high: Option<f64>,
}

impl Score {
    /// One for each configuration, in order of first appearance.
    ///
    /// # Errors
    /// Runs of one configuration do not belong together.
    pub(crate) fn all(runs: &[Run], measure: Measure) -> Result<Vec<Score>> {
        Ok(by_configuration(runs)?.iter().map(|runs| Score::of(runs, measure)).collect())
    }

    /// Means of what varies over the seeds, the first of what cannot vary, the largest of memory and disk.
    fn of(runs: &[&Run], measure: Measure) -> Score {
        let (begin, asked) = (&runs[0].training.begin, runs[0].configuration());
        let (interval, of_measure) = (runs::interval_of_accuracy(runs), runs::interval(measure, runs));
        let costs = Costs::of(runs);
        let peaks: Vec<&Epoch> = runs.iter().filter_map(|run| run.peak()).collect();
        let peak = (!peaks.is_empty()).then(|| mean(peaks.iter().map(|peak| peak.accuracy)));
        let counts = |of: fn(&Run) -> u64| runs.iter().map(|run| of(run)).collect::<Vec<u64>>();
        Score {
            configuration: asked.configuration.clone(),
            encoder: asked.encoder.clone(),
            head: asked.head.kind.clone(),
            kept_blocks: begin.blocks.iter().map(|&block| block as u64).collect(),
            n_blocks: begin.blocks.len() as u64,
            encoder_blocks: begin.encoder_blocks as u64,
            n_seeds: runs.len() as u64,
            seeds: counts(|run| run.configuration().seed),
            test_accuracy: mean(runs.iter().map(|run| run.test().0)),
            interval_low: interval.low,
            interval_high: interval.high,
            interval_method: interval.method.name(),
            test_examples: runs[0].test().1 as u64,
            chosen_epochs: counts(|run| run.chosen_epoch() as u64),
            chosen_on_validation: runs.iter().all(|run| run.has_validation()),
            peak_test_accuracy: peak,
            peak_epochs: peaks.iter().map(|peak| peak.epoch as u64).collect(),
            published_accuracy: asked.published_accuracy,
            peak_minus_published: peak.zip(asked.published_accuracy).map(|(peak, published)| peak - published),
            parameters: begin.parameters as u64,
            model_bytes: costs.model_bytes,
            seconds_per_epoch: costs.seconds_per_epoch,
            peak_memory_bytes: costs.peak_memory_bytes,
            measured_on: runs[0].measured_on(),
            measured_on_one_machine: costs.trained_on.is_some(),
            macro_f1: runs::measured(Measure::MacroF1, runs),
            balanced_accuracy: runs::measured(Measure::BalancedAccuracy, runs),
            measure,
            measure_low: of_measure.map(|interval| interval.low),
            measure_high: of_measure.map(|interval| interval.high),
        }
    }
}

/// Whether kept blocks come from more than one encoder; without blocks the encoder does not matter.
pub(crate) fn several_encoders(scores: &[Score]) -> bool {
    let mut encoders = scores.iter().filter(|score| score.n_blocks > 0).map(|score| &score.encoder);
    encoders.next().is_some_and(|first| encoders.any(|other| other != first))
}

/// Scores of a text that holds whole streams.
#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Vec<Score> {
    Score::all(&crate::sources::from_text(text).unwrap(), Measure::Accuracy).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;

    #[test]
    fn a_row_is_the_mean_over_the_seeds_and_rows_keep_the_order_of_first_appearance() {
        let made = [
            Made::new("2VA", 1).test(&[20, 30, 36]).published(0.85).seconds(3.0).model_bytes(5_000),
            Made::new("0BE", 1).head("mean-linear"),
            Made::new("2VA", 2).test(&[20, 34, 32]).published(0.85).seconds(5.0).model_bytes(7_000),
        ];
        let scores = from_text(&made.iter().map(Made::metrics).collect::<String>());
        let (two, names) = (&scores[0], scores.iter().map(|score| score.configuration.as_str()).collect::<Vec<_>>());
        assert_eq!(names, ["2VA", "0BE"]);
        assert_eq!((two.n_seeds, two.parameters, two.model_bytes), (2, 1_500_000, Some(7_000)));
        assert_eq!((two.peak_memory_bytes, two.seconds_per_epoch), (116 << 20, Some(4.0)));
        let peak = (36.0 + 34.0) / 80.0;
        assert_eq!((two.test_accuracy, two.peak_test_accuracy), ((30.0 + 34.0) / 80.0, Some(peak)));
        assert!(two.peak_minus_published.is_some_and(|difference| (difference - (peak - 0.85)).abs() < 1e-12));
    }

    #[test]
    fn one_seed_without_validation_marks_the_whole_row() {
        let text = Made::new("2VA", 1).metrics() + &Made::new("2VA", 2).no_validation().metrics();
        assert!(!from_text(&text)[0].chosen_on_validation);
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let score = &from_text(&Made::new("0BE", 3).metrics())[0];
        assert_eq!((score.published_accuracy, score.peak_minus_published, score.model_bytes), (None, None, None));
        assert_eq!(
            (score.kept_blocks.clone(), score.seeds.clone(), score.chosen_epochs.clone()),
            (vec![], vec![3], vec![2])
        );
    }

    #[test]
    fn the_peak_has_an_epoch_for_each_seed_that_scored_test_and_the_chosen_one_stays_apart() {
        let (one, two) = (Made::new("2VA", 1).test(&[20, 30, 36]), Made::new("2VA", 2).test(&[34, 20, 32]));
        let score = &from_text(&(two.metrics() + &one.metrics()))[0];
        assert_eq!((&score.seeds[..], &score.peak_epochs[..]), (&[2, 1][..], &[1, 3][..]));
        assert_eq!(score.chosen_epochs, [2, 2]);
        let tested = |line: &&str| line.contains("\"split\":\"test\"");
        let untested: Vec<String> =
            one.metrics().lines().filter(|line| !tested(line)).map(|l| format!("{l}\n")).collect();
        let score = &from_text(&(untested.concat() + &one.predictions()))[0];
        assert_eq!((score.peak_epochs.len(), score.peak_test_accuracy), (0, None));
    }

    #[test]
    fn encoders_are_told_apart_by_their_blocks_only() {
        let encoders = |other: &Made| {
            let other = other.metrics().replace("tiny-bert", "other");
            several_encoders(&from_text(&(Made::new("1VA", 1).metrics() + &other)))
        };
        assert!(encoders(&Made::new("2VA", 1)) && !encoders(&Made::new("TF-IDF", 1)));
    }
}
