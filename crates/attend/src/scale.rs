//! Scales from weights to colours.

use clap::ValueEnum;

/// A scale from weights to colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    /// From 0 (smallest shown weight) to 1 (largest); with weights below 0, shares of the largest absolute weight
    MinMax,
    /// Standard deviations from the mean
    ZScore,
}

impl Scale {
    /// `weights` on this scale; all 0 where all are equal.
    pub(crate) fn of(self, weights: &[f32]) -> Vec<f32> {
        let (zero, unit) = match self {
            Scale::MinMax => ends(weights),
            Scale::ZScore => moments(weights),
        };
        weights.iter().map(|weight| if unit > 0.0 { (weight - zero) / unit } else { 0.0 }).collect()
    }
}

fn ends(weights: &[f32]) -> (f32, f32) {
    let least = weights.iter().copied().fold(f32::INFINITY, f32::min);
    let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if least < 0.0 { (0.0, most.max(-least)) } else { (least, most - least) }
}

fn moments(weights: &[f32]) -> (f32, f32) {
    let count = weights.len() as f32;
    let mean = weights.iter().sum::<f32>() / count;
    let variance = weights.iter().map(|weight| (weight - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_span_0_to_1_or_keep_their_sign() {
        assert_eq!(Scale::MinMax.of(&[0.25, 0.75, 0.5]), [0.0, 1.0, 0.5]);
        assert_eq!(Scale::MinMax.of(&[-0.5, 0.25, 0.0]), [-1.0, 0.5, 0.0]);
        assert_eq!(Scale::ZScore.of(&[1.0, 3.0]), [-1.0, 1.0]);
    }

    #[test]
    fn equal_weights_have_no_colour() {
        for scale in [Scale::MinMax, Scale::ZScore] {
            assert_eq!(scale.of(&[0.3, 0.3]), [0.0, 0.0]);
            assert!(scale.of(&[]).is_empty());
        }
    }
}
