//! What is measured of one run; its configuration has the means.

use super::calibration::{self, Measured};
use super::confusion::Confusion;
use super::coverage::{self, COVERAGES};
use super::probabilities::Probabilities;
use super::{ranking, temperature};
use crate::runs::Run;

pub(super) struct Seed {
    pub(super) confusion: Confusion,
    /// `[C]`
    pub(super) f1: Vec<f64>,
    pub(super) auc: Option<f64>,
    pub(super) probabilities: Probabilities,
    pub(super) raw: Measured,
    /// Of its own validation, if there are predictions of it.
    pub(super) temperature: Option<f64>,
    pub(super) tempered: Option<Measured>,
    /// Risk at each of [`coverage::shares`].
    pub(super) risks: [f64; COVERAGES],
    pub(super) risk_area: f64,
}

impl Seed {
    /// Nothing without predictions of test.
    pub(super) fn of(run: &Run) -> Option<Seed> {
        let outcomes = run.outcomes.as_ref()?;
        let probabilities = Probabilities::new(outcomes, 1.0);
        let confusion = Confusion::new(outcomes);
        let temperature = run.validation.as_ref().map(temperature::fit);
        let tempered = temperature.map(|t| calibration::measure(outcomes, &Probabilities::new(outcomes, t)));
        let (risks, risk_area) = coverage::risks(outcomes, &probabilities);
        Some(Seed {
            f1: confusion.f1(),
            confusion,
            auc: ranking::auc(outcomes, &probabilities),
            raw: calibration::measure(outcomes, &probabilities),
            probabilities,
            temperature,
            tempered,
            risks,
            risk_area,
        })
    }
}
