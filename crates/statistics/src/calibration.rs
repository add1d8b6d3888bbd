//! Whether probabilities are true: of a hundred answers given with 80 %, eighty should be right.

use serde::Serialize;

use crate::answers::Answers;
use crate::mean;
use crate::probabilities::Probabilities;

/// Bins of equal width (Guo et al. 2017, *On Calibration of Modern Neural Networks*).
pub const BINS: usize = 15;

/// Whether probabilities are true: means over the seeds of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// In nats.
    pub log_loss: f64,
    /// Half the squared distance between probabilities and truth: 0 to 1 for any number of classes.
    pub brier: f64,
    /// Expected calibration error.
    pub error: f64,
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// Examples of all seeds by confidence, in bins of equal width; empty bins are left out.
    pub bins: Vec<Bin>,
}

/// Examples of about the same confidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// Share of right answers.
    pub accuracy: f64,
    /// Added up over the seeds.
    pub examples: u64,
}

/// The same of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    log_loss: f64,
    brier: f64,
    error: f64,
    confidence: f64,
    bins: [Sums; BINS],
}

/// A bin in the making.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sums {
    examples: u64,
    confidence: f64,
    right: u64,
}

impl Measured {
    /// Log loss and Brier score (Brier 1950, Monthly Weather Review 78:1), here half of his, ½ · mean Σ_c (p_c − y_c)²,
    /// which for two classes is scikit-learn's `brier_score_loss`; expected calibration error (Naeini et al. 2015, AAAI;
    /// Guo et al. 2017): Σ_b n_b/n · |accuracy − confidence| over [`BINS`] bins, open below and closed above.
    pub fn new(answers: &Answers, probabilities: &Probabilities) -> Self {
        let mut bins = [Sums::default(); BINS];
        let mut squares = 0.0;
        for (example, row) in probabilities.rows().enumerate() {
            let confidence = row[answers.predicted(example)];
            squares += squared_distance(row, answers.label(example));
            bins[bin(confidence)].push(confidence, answers.is_right(example));
        }
        let n = answers.len() as f64;
        Measured {
            log_loss: probabilities.log_loss,
            brier: squares / (2.0 * n),
            error: bins.iter().map(Sums::distance).sum::<f64>() / n,
            confidence: bins.iter().map(|bin| bin.confidence).sum::<f64>() / n,
            bins,
        }
    }
}

/// Σ_c (p_c − y_c)² of probabilities `[C]`, where y is 1 for the true class.
fn squared_distance(probabilities: &[f64], label: usize) -> f64 {
    let distance = |(class, p): (usize, &f64)| p - f64::from(class == label);
    probabilities.iter().enumerate().map(distance).map(|distance| distance * distance).sum()
}

/// Bin i holds confidences above i/15 up to (i + 1)/15.
fn bin(confidence: f64) -> usize {
    ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1
}

impl Sums {
    fn push(&mut self, confidence: f64, right: bool) {
        self.examples += 1;
        self.confidence += confidence;
        self.right += u64::from(right);
    }

    fn add(&mut self, other: &Sums) {
        self.examples += other.examples;
        self.confidence += other.confidence;
        self.right += other.right;
    }

    /// n · |accuracy − confidence|
    fn distance(&self) -> f64 {
        (self.right as f64 - self.confidence).abs()
    }

    fn bin(&self) -> Bin {
        let n = self.examples as f64;
        Bin { confidence: self.confidence / n, accuracy: self.right as f64 / n, examples: self.examples }
    }
}

impl Calibration {
    /// Means of the scores over the seeds; a bin holds the examples of all seeds.
    pub fn over_seeds(seeds: &[&Measured]) -> Self {
        let of = |score: fn(&Measured) -> f64| mean(seeds.iter().map(|seed| score(seed)));
        let mut bins = [Sums::default(); BINS];
        seeds.iter().for_each(|seed| bins.iter_mut().zip(&seed.bins).for_each(|(all, one)| all.add(one)));
        Calibration {
            log_loss: of(|seed| seed.log_loss),
            brier: of(|seed| seed.brier),
            error: of(|seed| seed.error),
            confidence: of(|seed| seed.confidence),
            bins: bins.iter().filter(|bin| bin.examples > 0).map(Sums::bin).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_is_open_below_and_closed_above() {
        let cases = [(0.0, 0), (1.0 / 15.0, 0), (0.067, 1), (0.5, 7), (0.999, 14), (1.0, 14)];
        assert_eq!(cases.map(|(confidence, _)| bin(confidence)), cases.map(|(_, expected)| expected));
    }

    #[test]
    fn errors_in_opposite_directions_do_not_cancel_between_bins_but_do_within() {
        let sums = |right: u64| Sums { examples: 10, confidence: 8.0, right };
        assert_eq!([sums(10), sums(6), sums(8)].map(|sums| sums.distance()), [2.0, 2.0, 0.0]);
        let mut within = sums(10);
        within.add(&sums(6));
        assert_eq!(within.distance(), 0.0);
        assert_eq!(within.bin(), Bin { confidence: 0.8, accuracy: 0.8, examples: 20 });
    }

    #[test]
    fn certainty_of_the_wrong_class_is_the_worst_brier() {
        assert_eq!(squared_distance(&[1.0, 0.0, 0.0], 2) / 2.0, 1.0);
        assert_eq!(squared_distance(&[0.0, 0.0, 1.0], 2), 0.0);
        assert!((squared_distance(&[0.7, 0.3], 0) / 2.0 - 0.09).abs() < 1e-15);
    }
}
