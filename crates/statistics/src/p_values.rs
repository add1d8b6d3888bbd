//! One p value out of several of the same hypothesis.

/// Twice the mean, at most 1 (Rüschendorf 1982, Advances in Applied Probability 14:623; Vovk and Wang 2020, Biometrika
/// 107:791): a valid p value however the single ones depend on each other. Those of several seeds do, because all seeds
/// are tested on the same examples; a product of them would claim more than was seen.
fn twice_the_mean(p_values: &[f64]) -> f64 {
    match p_values {
        [one] => *one,
        several => (2.0 * several.iter().sum::<f64>() / several.len() as f64).min(1.0),
    }
}

/// Of the one-sided p values of several seeds, up and down: the smaller combination, doubled. Seeds that differ
/// significantly in opposite directions say nothing of the model, and so this says nothing, too.
pub fn either_way(up: &[f64], down: &[f64]) -> f64 {
    (2.0 * twice_the_mean(up).min(twice_the_mean(down))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{either_way, twice_the_mean};

    #[test]
    fn opposite_directions_cancel_and_one_direction_counts_twice() {
        assert_eq!(either_way(&[0.001, 0.999], &[0.999, 0.001]), 1.0);
        assert_eq!(either_way(&[0.01, 0.01], &[0.99, 0.99]), 0.04);
        assert_eq!(either_way(&[0.01], &[0.99]), 0.02);
    }

    #[test]
    fn one_stays_and_several_are_averaged_and_doubled() {
        assert_eq!([twice_the_mean(&[0.04]), twice_the_mean(&[0.02, 0.04])], [0.04, 0.06]);
        assert_eq!(twice_the_mean(&[0.9, 0.9]), 1.0);
    }
}
