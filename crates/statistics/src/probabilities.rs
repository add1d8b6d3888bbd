//! Probabilities from logits.

use crate::answers::Answers;

/// Softmax of all logits of a run, each divided by a temperature.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities {
    n_classes: usize,
    /// `[examples, C]`
    values: Vec<f64>,
    /// Mean of −ln p(true class), in nats; from the logits, so that a probability of 0 costs what it should.
    pub(crate) log_loss: f64,
}

impl Probabilities {
    /// Of the logits divided by `temperature`, which is above 0.
    pub fn new(answers: &Answers, temperature: f64) -> Self {
        let n_classes = answers.n_classes();
        let mut values = vec![0.0; answers.len() * n_classes];
        let mut loss = 0.0;
        for (example, row) in values.chunks_exact_mut(n_classes).enumerate() {
            let logits = answers.logits(example);
            let log_sum = softmax(logits, temperature.recip(), row);
            loss += log_sum - f64::from(logits[answers.label(example)]) / temperature;
        }
        Probabilities { n_classes, values, log_loss: loss / answers.len() as f64 }
    }

    /// Probabilities `[C]` of each example.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_classes)
    }

    /// The probability of one class of one example.
    pub fn of(&self, example: usize, class: usize) -> f64 {
        self.values[example * self.n_classes + class]
    }
}

/// p_c = exp(b·l_c) / Σ exp(b·l) of logits `[C]`, into `probabilities` `[C]`; returns ln Σ exp(b·l). The largest is
/// taken off first, so nothing overflows and a shift of all logits changes nothing.
pub(crate) fn softmax(logits: &[f32], b: f64, probabilities: &mut [f64]) -> f64 {
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let mut sum = 0.0;
    for (probability, &logit) in probabilities.iter_mut().zip(logits) {
        *probability = (b * (f64::from(logit) - largest)).exp();
        sum += *probability;
    }
    probabilities.iter_mut().for_each(|probability| *probability /= sum);
    b * largest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(logits: &[f32], b: f64) -> (Vec<f64>, f64) {
        let mut probabilities = vec![0.0; logits.len()];
        let log_sum = softmax(logits, b, &mut probabilities);
        (probabilities, log_sum)
    }

    #[test]
    fn logits_that_would_overflow_do_not() {
        let (probabilities, log_sum) = of(&[10_000.0, 0.0, -10_000.0], 20.0);
        assert_eq!((probabilities, log_sum), (vec![1.0, 0.0, 0.0], 200_000.0));
    }

    proptest! {
        #[test]
        fn they_sum_to_one_and_keep_the_order_at_any_temperature(
            logits in proptest::collection::vec(-30_f32..30.0, 1..7), b in 0.05_f64..20.0,
        ) {
            let (probabilities, log_sum) = of(&logits, b);
            prop_assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (logit, p) in logits.iter().zip(&probabilities) {
                prop_assert!(logits.iter().zip(&probabilities).all(|(other, q)| logit < other || p >= q));
                let ln_p = b * f64::from(*logit) - log_sum;
                prop_assert!((ln_p.exp() - p).abs() < 1e-12);
            }
        }

        #[test]
        fn a_shift_of_all_logits_changes_nothing(
            logits in proptest::collection::vec(-30_i16..30, 2..7), shift in -90_i16..90, b in 0.05_f64..20.0,
        ) {
            let shifted: Vec<f32> = logits.iter().map(|&logit| f32::from(logit + shift)).collect();
            let logits: Vec<f32> = logits.into_iter().map(f32::from).collect();
            prop_assert_eq!(of(&logits, b).0, of(&shifted, b).0);
        }

        #[test]
        fn heat_takes_confidence_away(logits in proptest::collection::vec(-9_f32..9.0, 2..7), b in 0.05_f64..2.0) {
            let most = |b| of(&logits, b).0.into_iter().fold(0.0, f64::max);
            prop_assert!(most(b) <= most(1.5 * b) + 1e-12);
            prop_assert!((most(1e-9) - 1.0 / logits.len() as f64).abs() < 1e-6);
        }
    }
}
