//! Held to scikit-learn, scipy and numpy: `tests/reference/quality.py` wrote the file.

use serde::Deserialize;

use crate::answers::{Answers, Owned};
use crate::{Calibration, Confusion, Measured, Probabilities, auc, fit_temperature, risks};

const GOLDEN: &str = include_str!("../tests/golden/quality.json");

#[derive(Deserialize)]
struct Case {
    name: String,
    test: Split,
    validation: Split,
    confusion: Vec<Vec<u64>>,
    f1: Vec<f64>,
    macro_f1: f64,
    balanced_accuracy: f64,
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
    fn owned(&self) -> Owned {
        Owned::new(self.logits.iter().map(Vec::as_slice).zip(self.labels.iter().copied()))
    }
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
        let owned = case.test.owned();
        let confusion = Confusion::new(&owned.answers());
        assert_eq!(confusion.rows(), case.confusion, "{}", case.name);
        all_close(&confusion.f1(), &case.f1, &case.name);
        close(confusion.macro_f1(), case.macro_f1, &case.name);
        close(confusion.balanced_accuracy(), case.balanced_accuracy, &case.name);
        let auc = auc(&owned.answers(), &Probabilities::new(&owned.answers(), 1.0));
        assert_eq!(auc.is_some(), case.auc.is_some(), "{}", case.name);
        close(auc.unwrap_or(0.0), case.auc.unwrap_or(0.0), &case.name);
    }
}

fn measured(answers: &Answers, temperature: f64, expected: &Scores, what: &str) {
    let measured = Measured::new(answers, &Probabilities::new(answers, temperature));
    let ours = Calibration::over_seeds(&[&measured]);
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
        measured(&case.test.owned().answers(), 1.0, &case.raw, &case.name);
        measured(&case.test.owned().answers(), case.temperature, &case.tempered, &case.name);
    }
}

#[test]
fn the_temperature_is_that_of_scipys_minimizer() {
    for case in cases() {
        let ours = fit_temperature(&case.validation.owned().answers());
        assert!((ours - case.temperature).abs() < 1e-6 * case.temperature, "{}: {ours}", case.name);
    }
}

#[test]
fn risk_and_coverage_are_those_of_numpy() {
    for case in cases() {
        let owned = case.test.owned();
        let (risks, area) = risks(&owned.answers(), &Probabilities::new(&owned.answers(), 1.0));
        all_close(&risks, &case.risks, &case.name);
        close(area, case.risk_area, &case.name);
    }
}
