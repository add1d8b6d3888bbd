//! Running loss and accuracy over examples; a short last batch counts by its size.

/// Sums over the examples seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    loss: f64,
    correct: usize,
    examples: usize,
}

impl Score {
    /// Count one example.
    pub fn add(&mut self, logits: &[f32], label: usize) {
        self.loss += cross_entropy(logits, label);
        self.correct += usize::from(predicted(logits) == label);
        self.examples += 1;
    }

    /// Mean cross entropy in nats.
    pub fn loss(&self) -> f64 {
        self.loss / self.examples.max(1) as f64
    }

    /// Correct predictions over examples.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.examples.max(1) as f64
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.examples
    }
}

/// The class with the largest logit; the first one if several are equal.
pub fn predicted(logits: &[f32]) -> usize {
    let larger = |best: usize, class: usize| if logits[class] > logits[best] { class } else { best };
    (0..logits.len()).fold(0, larger)
}

/// `log Σ exp(logits) - logits[label]`, without overflow.
fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    sum.ln() + f64::from(largest - logits[label])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_and_accuracy_are_means_over_examples() {
        let mut score = Score::default();
        score.add(&[0.0, 0.0], 0); // ln 2, and the first of equals
        score.add(&[1000.0, 0.0], 1); // 1000 nats, wrong
        assert_eq!((score.accuracy(), score.examples()), (0.5, 2));
        assert!((score.loss() - (std::f64::consts::LN_2 + 1000.0) / 2.0).abs() < 1e-9);
    }
}
