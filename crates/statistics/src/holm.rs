//! p values of several hypotheses that are tested together.

/// Holm's step-down correction (Holm 1979, Scandinavian Journal of Statistics 6:65), in the order of `p_values`: the
/// smallest times their number, the next times one less, and so on, never below the one before and at most 1.
/// It bounds the chance of any false rejection, however the tests depend on each other.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut before: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        before = before.max((p_values.len() - rank) as f64 * p_values[place]).min(1.0);
        corrected[place] = before;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::holm;
    use proptest::prelude::*;

    #[test]
    fn each_is_multiplied_by_how_many_are_left_and_none_overtakes_a_smaller_one() {
        assert_eq!(holm(&[0.03, 0.01, 0.02]), [0.04, 0.03, 0.04]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn a_correction_never_helps_and_keeps_the_order(p_values in proptest::collection::vec(0.0..=1.0, 1..9)) {
            let corrected = holm(&p_values);
            for (i, (p, q)) in p_values.iter().zip(&corrected).enumerate() {
                prop_assert!(q >= p && *q <= 1.0);
                for (other, its) in p_values.iter().zip(&corrected).skip(i) {
                    prop_assert!(p.total_cmp(other).is_gt() || q <= its);
                }
            }
        }
    }
}
