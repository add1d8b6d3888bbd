//! Held to scikit-learn, scipy and numpy: `tests/reference/quality.py` wrote the file.

use serde::Deserialize;

use super::calibration;
use super::confusion::Confusion;
use super::coverage;
use super::probabilities::Probabilities;
use super::{ranking, temperature};
use crate::outcomes::{Answer, Gathered, Known, Outcomes};

const GOLDEN: &str = include_str!("../../tests/golden/quality.json");

#[derive(Deserialize)]
struct Case {
    name: String,
    test: Split,
    validation: Split,
    confusion: Vec<Vec<u64>>,
    f1: Vec<f64>,
    macro_f1: f64,
    auc: Option<f64>,
    raw: Scores,
    temperature: f64,
    tempered: Scores,
    risks: Vec<f64>,
    risk_area: f64,
}

#[derive(Deserialize)]
struct Split {
    logits: Vec<Vec<f32>>,
    labels: Vec<usize>,
}

#[derive(Deserialize)]
struct Scores {
    log_loss: f64,
    brier: f64,
    error: f64,
    confidence: f64,
    /// confidence, accuracy, examples
    bins: Vec<(f64, f64, u64)>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(GOLDEN).unwrap()
}

impl Split {
    fn outcomes(&self) -> Outcomes {
        let rows = self.logits.iter().zip(&self.labels);
        gathered(rows.enumerate().map(|(place, (logits, &label))| (format!("{place:06}"), logits.as_slice(), label)))
    }
}

/// Outcomes of logits and a label each, in order.
pub(super) fn outcomes(answers: &[([f32; 2], usize)]) -> Outcomes {
    let rows = answers.iter().enumerate();
    gathered(rows.map(|(place, (logits, label))| (format!("{place:06}"), logits.as_slice(), *label)))
}

/// Outcomes of an id, logits and a label each.
pub(super) fn named(answers: &[(&str, [f32; 2], usize)]) -> Outcomes {
    gathered(answers.iter().map(|(id, logits, label)| ((*id).to_owned(), logits.as_slice(), *label)))
}

fn gathered<'a>(answers: impl Iterator<Item = (String, &'a [f32], usize)>) -> Outcomes {
    let mut gathered = Gathered::default();
    for (id, logits, label) in answers {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let predicted = logits.iter().position(|&logit| logit == largest).unwrap();
        gathered.push(&Answer { id: &id, label, predicted, logits, tokens: None }).unwrap();
    }
    gathered.finish(&Known::default()).unwrap()
}

fn close(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours}, not {theirs}");
}

fn all_close(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    ours.iter().zip(theirs).for_each(|(ours, theirs)| close(*ours, *theirs, what));
}

#[test]
fn confusion_f1_and_auc_are_those_of_scikit_learn() {
    for case in cases() {
        let outcomes = case.test.outcomes();
        let confusion = Confusion::new(&outcomes);
        assert_eq!(confusion.rows(), case.confusion, "{}", case.name);
        all_close(&confusion.f1(), &case.f1, &case.name);
        close(crate::format::mean(confusion.f1()), case.macro_f1, &case.name);
        let auc = ranking::auc(&outcomes, &Probabilities::new(&outcomes, 1.0));
        assert_eq!(auc.is_some(), case.auc.is_some(), "{}", case.name);
        close(auc.unwrap_or(0.0), case.auc.unwrap_or(0.0), &case.name);
    }
}

fn measured(outcomes: &Outcomes, temperature: f64, expected: &Scores, what: &str) {
    let measured = calibration::measure(outcomes, &Probabilities::new(outcomes, temperature));
    let ours = calibration::over_seeds(&[&measured]);
    let scores = |of: &[f64; 4]| of.to_vec();
    let theirs = [expected.log_loss, expected.brier, expected.error, expected.confidence];
    all_close(&scores(&[ours.log_loss, ours.brier, ours.error, ours.confidence]), &scores(&theirs), what);
    assert_eq!(ours.bins.len(), expected.bins.len(), "{what}");
    for (bin, (confidence, accuracy, examples)) in ours.bins.iter().zip(&expected.bins) {
        all_close(&[bin.confidence, bin.accuracy], &[*confidence, *accuracy], what);
        assert_eq!(bin.examples, *examples, "{what}");
    }
}

#[test]
fn calibration_is_that_of_scikit_learn_and_numpy() {
    for case in cases() {
        measured(&case.test.outcomes(), 1.0, &case.raw, &case.name);
        measured(&case.test.outcomes(), case.temperature, &case.tempered, &case.name);
    }
}

#[test]
fn the_temperature_is_that_of_scipys_minimizer() {
    for case in cases() {
        let ours = temperature::fit(&case.validation.outcomes());
        assert!((ours - case.temperature).abs() < 1e-6 * case.temperature, "{}: {ours}", case.name);
    }
}

#[test]
fn risk_and_coverage_are_those_of_numpy() {
    for case in cases() {
        let outcomes = case.test.outcomes();
        let (risks, area) = coverage::risks(&outcomes, &Probabilities::new(&outcomes, 1.0));
        all_close(&risks, &case.risks, &case.name);
        close(area, case.risk_area, &case.name);
    }
}
