//! What is measured of one run; its configuration has the means.

use statistics::{COVERAGES, Confusion, Measured, Probabilities, auc, fit_temperature, risks};

use crate::runs::Run;

pub(super) struct Seed {
    pub(super) confusion: Confusion,
    /// `[C]`
    pub(super) f1: Vec<f64>,
    pub(super) macro_f1: f64,
    pub(super) auc: Option<f64>,
    pub(super) probabilities: Probabilities,
    pub(super) raw: Measured,
    /// Of its own validation, if there are predictions of it.
    pub(super) temperature: Option<f64>,
    pub(super) tempered: Option<Measured>,
    /// Risk at each of [`statistics::shares`].
    pub(super) risks: [f64; COVERAGES],
    pub(super) risk_area: f64,
}

impl Seed {
    /// Nothing without predictions of test.
    pub(super) fn of(run: &Run) -> Option<Seed> {
        let answers = run.outcomes.as_ref()?.answers();
        let probabilities = Probabilities::new(&answers, 1.0);
        let confusion = Confusion::new(&answers);
        let temperature = run.validation.as_ref().map(|outcomes| fit_temperature(&outcomes.answers()));
        let tempered = temperature.map(|t| Measured::new(&answers, &Probabilities::new(&answers, t)));
        let (risks, risk_area) = risks(&answers, &probabilities);
        Some(Seed {
            f1: confusion.f1(),
            macro_f1: confusion.macro_f1(),
            confusion,
            auc: auc(&answers, &probabilities),
            raw: Measured::new(&answers, &probabilities),
            probabilities,
            temperature,
            tempered,
            risks,
            risk_area,
        })
    }
}
