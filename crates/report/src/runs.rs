//! One finished run, and what its records give.

use anyhow::{Context, Result, ensure};
use records::metrics::Epoch;
use records::{Latency, Split};
use statistics::{Interval, mean, wilson};
use study::{Configuration, Measure};

use crate::outcomes::Outcomes;
use crate::streams::{Predictions, Training};
use crate::{check, measure};

/// A finished run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) training: Training,
    /// Of the test split, at the chosen epoch.
    pub(crate) outcomes: Option<Outcomes>,
    /// The same of the validation split: what a temperature is fitted to.
    pub(crate) validation: Option<Outcomes>,
    /// The cost of an answer, if measured.
    pub(crate) latency: Option<Latency>,
}

impl Run {
    /// A run with its predictions of test and validation, if there are any; records that contradict each other are
    /// refused.
    pub(crate) fn new(training: Training, test: Option<Predictions>, validation: Option<Predictions>) -> Result<Self> {
        let name = training.begin.run.clone();
        let run = Run { training, outcomes: None, validation: None, latency: None };
        let agreeing = |predictions: Option<Predictions>| {
            predictions.map(|p| run.agreeing(p)).transpose().with_context(|| format!("run `{name}`"))
        };
        let (outcomes, validation) = (agreeing(test)?, agreeing(validation)?);
        if let (Some(test), Some(validation)) = (&outcomes, &validation) {
            check::predictions::apart(test, validation).with_context(|| format!("run `{name}`"))?;
        }
        let run = Run { outcomes, validation, ..run };
        let scored = run.outcomes.is_some() || run.chosen(Split::Test).is_some();
        ensure!(scored, "run `{name}` has no test accuracy: predict the test split with `evaluate`, or leave it out");
        Ok(run)
    }

    fn agreeing(&self, predictions: Predictions) -> Result<Outcomes> {
        check::predictions::predicted(self, &predictions)?;
        Ok(predictions.outcomes)
    }

    pub(crate) fn name(&self) -> &str {
        &self.training.begin.run
    }

    pub(crate) fn configuration(&self) -> &Configuration {
        &self.training.begin.configuration
    }

    pub(crate) fn chosen_epoch(&self) -> usize {
        self.training.end.best_epoch
    }

    /// Whether the epoch was chosen on validation; otherwise it was chosen on test.
    pub(crate) fn has_validation(&self) -> bool {
        self.scored(Split::Validation).next().is_some()
    }

    /// Test accuracy at the chosen epoch, and over how many examples.
    pub(crate) fn test(&self) -> (f64, usize) {
        let predicted = self.outcomes.as_ref().map(|outcomes| (outcomes.accuracy(), outcomes.len()));
        let recorded = || self.chosen(Split::Test).map(|epoch| (epoch.accuracy, epoch.examples));
        predicted.or_else(recorded).unwrap_or((f64::NAN, 0)) // `new` refuses a run with neither
    }

    /// A measure of test at the chosen epoch; all but accuracy need predictions.
    pub(crate) fn measured(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Accuracy => Some(self.test().0),
            _ => self.outcomes.as_ref().map(|outcomes| measure::of(measure, outcomes)),
        }
    }

    /// The epoch with the best test accuracy, the first of equals: the source's protocol.
    pub(crate) fn peak(&self) -> Option<&Epoch> {
        self.scored(Split::Test).reduce(|best, epoch| if epoch.accuracy > best.accuracy { epoch } else { best })
    }

    /// Mean wall-clock time of a training pass.
    pub(crate) fn seconds_per_epoch(&self) -> Option<f64> {
        let passes = self.scored(Split::Train).count();
        let seconds: f64 = self.scored(Split::Train).map(|epoch| epoch.seconds).sum();
        (passes > 0).then(|| seconds / passes as f64)
    }

    /// Device, hardware and threads of the training.
    pub(crate) fn measured_on(&self) -> String {
        let provenance = &self.training.begin.provenance;
        let threads = if provenance.threads == 1 { "thread" } else { "threads" };
        format!("{}, {}, {} {threads}", provenance.device, provenance.hardware, provenance.threads)
    }

    /// What was recorded of a split at the chosen epoch.
    pub(crate) fn chosen(&self, split: Split) -> Option<&Epoch> {
        self.scored(split).find(|scored| scored.epoch == self.chosen_epoch())
    }

    /// What was recorded of a split, epoch by epoch.
    pub(crate) fn scored(&self, split: Split) -> impl Iterator<Item = &Epoch> {
        self.training.epochs.iter().filter(move |epoch| epoch.split == split)
    }
}

/// The mean of a measure of test over the runs of one configuration.
pub(crate) fn measured(measure: Measure, runs: &[&Run]) -> Option<f64> {
    runs.iter().map(|run| run.measured(measure)).collect::<Option<Vec<f64>>>().map(mean)
}

/// The interval of the mean of a measure of test over the runs of one configuration; all but accuracy need predictions.
pub(crate) fn interval(measure: Measure, runs: &[&Run]) -> Option<Interval> {
    match measure {
        Measure::Accuracy => Some(interval_of_accuracy(runs)),
        _ => by_predictions(measure, runs),
    }
}

/// The interval of the mean test accuracy over the runs of one configuration: over seeds and examples where all have
/// predictions, otherwise by Wilson's formula.
pub(crate) fn interval_of_accuracy(runs: &[&Run]) -> Interval {
    let share = || mean(runs.iter().map(|run| run.test().0));
    by_predictions(Measure::Accuracy, runs).unwrap_or_else(|| wilson(share(), runs[0].test().1))
}

/// Over seeds and examples, whatever the order of the runs; nothing unless all have predictions.
fn by_predictions(measure: Measure, runs: &[&Run]) -> Option<Interval> {
    let mut runs = runs.to_vec();
    runs.sort_by_key(|run| run.configuration().seed);
    let outcomes: Option<Vec<&Outcomes>> = runs.iter().map(|run| run.outcomes.as_ref()).collect();
    Some(measure::interval(measure, &outcomes?))
}

#[cfg(test)]
mod tests {
    use super::{Measure, interval};
    use crate::fixture::Made;
    use crate::sources::from_text;

    #[test]
    fn test_accuracy_is_that_of_the_chosen_epoch_and_peak_that_of_the_best() {
        let made = Made::new("2VA", 1).validation(&[20, 30, 25]).test(&[24, 30, 34]);
        let run = &from_text(&made.metrics()).unwrap()[0];
        assert_eq!((run.chosen_epoch(), run.test()), (2, (30.0 / 40.0, 40)));
        assert_eq!(run.peak().map(|peak| (peak.epoch, peak.accuracy)), Some((3, 34.0 / 40.0)));
        assert_eq!(run.seconds_per_epoch(), Some(2.0));
        assert!(run.has_validation());
        let source = Made::new("2VA", 1).no_validation().test(&[24, 30, 34]);
        let run = &from_text(&source.metrics()).unwrap()[0];
        assert_eq!((run.has_validation(), run.test()), (false, (34.0 / 40.0, 40)));
    }

    #[test]
    fn predictions_that_contradict_the_metrics_are_refused_with_both_numbers() {
        let (made, other) = (Made::new("2VA", 1).test(&[20, 30, 25]), Made::new("2VA", 1).test(&[20, 31, 25]));
        let message = format!("{:#}", from_text(&(made.metrics() + &other.predictions())).unwrap_err());
        assert!(message.starts_with("run `2VA-s1`: the predictions give a test accuracy of 0.775, "), "{message}");
        assert!(message.contains("but the metrics record 0.75: remove"), "{message}");
    }

    #[test]
    fn predictions_of_another_epoch_or_with_a_wrong_end_are_refused() {
        let made = Made::new("2VA", 1).test(&[20, 30, 25]);
        for (from, to, says) in [
            ("\"epoch\":2", "\"epoch\":3", "the predictions are of epoch 3, but epoch 2 was chosen"),
            ("\"accuracy\":0.75", "\"accuracy\":0.8", "their own `end` records 0.8"),
            ("\"loss\":0.5", "\"loss\":0.4", "the predictions give a test loss of 0.599"),
        ] {
            let text = made.metrics() + &made.predictions().replacen(from, to, 1);
            let message = format!("{:#}", from_text(&text).unwrap_err());
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn the_order_of_the_seeds_changes_no_interval() {
        let made = |seed, right| Made::new("2VA", seed).test(&[20, 30, right]);
        let (one, other) = (made(1, 25), made(2, 37));
        let text = one.metrics() + &one.predictions() + &other.metrics() + &other.predictions();
        let runs = from_text(&text).unwrap();
        assert!(runs.iter().all(|run| run.outcomes.is_some()));
        for measure in Measure::ALL {
            let of = |one, other| interval(measure, &[one, other]);
            assert_eq!(of(&runs[0], &runs[1]), of(&runs[1], &runs[0]));
        }
    }

    #[test]
    fn a_run_without_any_test_score_is_refused_but_predictions_alone_are_one() {
        let made = Made::new("2VA", 1);
        let lines = made.metrics();
        let untested: String =
            lines.lines().filter(|line| !line.contains("\"test\"")).map(|l| format!("{l}\n")).collect();
        let message = from_text(&untested).unwrap_err().to_string();
        assert!(message.contains("run `2VA-s1` has no test accuracy: predict"), "{message}");
        let runs = from_text(&(untested + &made.predictions())).unwrap();
        assert_eq!((runs[0].test(), runs[0].peak()), ((32.0 / 40.0, 40), None));
    }

    #[test]
    fn the_peak_is_the_first_of_equal_epochs_wherever_it_stands() {
        for (test, expected) in [([36, 30, 36], 1), ([30, 36, 36], 2), ([30, 32, 36], 3)] {
            let runs = from_text(&Made::new("2VA", 1).test(&test).metrics()).unwrap();
            assert_eq!(runs[0].peak().map(|peak| peak.epoch), Some(expected), "{test:?}");
        }
    }

    #[test]
    fn predictions_of_more_examples_or_of_one_for_two_splits_are_refused() {
        let made = Made::new("2VA", 1).validation(&[20, 30, 25]).test(&[20, 30, 25]);
        let more = made.metrics().replace("\"examples\":40", "\"examples\":41");
        let validation = made.predictions().replace("\"split\":\"test\"", "\"split\":\"validation\"");
        let other = validation.replace("test/", "v/").replacen("v/17", "test/9", 1);
        let whole = made.metrics() + &made.predictions();
        for (text, says) in [
            (
                more + &made.predictions(),
                "the file has 40 test predictions, but the metrics record 41: remove the predictions",
            ),
            (whole.clone() + &validation, "`test/0` is predicted both as a test and as a validation example: remove"),
            (whole + &other, "`test/9` is predicted both as a test and as a validation example"),
        ] {
            let message = format!("{:#}", from_text(&text).unwrap_err());
            assert!(message.starts_with("run `2VA-s1`: ") && message.contains(says), "{message}");
        }
    }
}
