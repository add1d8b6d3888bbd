//! 95 % intervals of a test accuracy, or of another measure: over seeds and examples where there are predictions, otherwise
//! by Wilson's formula.

use crate::contributions::Run;
use crate::difference::{Difference, Term};

/// The standard normal quantile at 0.975.
const Z: f64 = 1.959_963_984_540_054;

/// How an interval was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Over seeds and test examples, by Student's t: [`interval`].
    Student,
    /// From a share alone: [`wilson`].
    Wilson,
}

impl Method {
    /// As tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Student => "student",
            Method::Wilson => "wilson",
        }
    }
}

/// An interval and how it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What both ends were found by.
    pub method: Method,
}

/// Wilson's score interval of a share over `n` examples (Wilson 1927, JASA 22:209). Seeds that are tested on
/// the same examples add no examples.
pub fn wilson(share: f64, n: usize) -> Interval {
    let n = n as f64;
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
    Interval { low: bound(centre - spread), high: bound(centre + spread), method: Method::Wilson }
}

/// The interval of a model's mean measure over its runs, as [`Difference`] has it; that of an accuracy with one seed is that
/// of Agresti and Coull (1998), and at 0 and 100 % about Wilson's.
pub fn interval<R: Run + ?Sized>(runs: &[&R]) -> Interval {
    let range = Difference::new(&[Term { weight: 1.0, runs: runs.to_vec() }]).interval(0.95);
    Interval { low: range.low, high: range.high, method: Method::Student }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `n` examples those below `n * share` are right, counted from `start`.
    fn outcomes(n: usize, share: f64, start: usize) -> Vec<bool> {
        (0..n).map(|i| ((i + start) % n) < (n as f64 * share) as usize).collect()
    }

    fn close(interval: Interval, low: f64, high: f64, tolerance: f64) {
        assert!((interval.low - low).abs() < tolerance && (interval.high - high).abs() < tolerance, "{interval:?}");
    }

    #[test]
    fn wilson_gives_the_textbook_values() {
        // 8 of 10: (0.8 + 0.19207 ± 1.96·√(0.016 + 0.0096)) / 1.38415
        close(wilson(0.8, 10), 0.490_162_5, 0.943_317_8, 1e-6);
        close(wilson(1.0, 10), 0.722_467_2, 1.0, 1e-6);
        close(wilson(0.0, 10), 0.0, 0.277_532_8, 1e-6);
    }

    #[test]
    fn one_seed_gives_the_binomial_interval_and_seeds_that_agree_add_no_test_examples() {
        // standard error √(0.8·0.2/1000) = 0.012649
        let seed = outcomes(1000, 0.8, 0);
        close(interval::<[bool]>(&[&seed]), 0.8 - 0.024_79, 0.8 + 0.024_79, 2e-3);
        close(interval::<[bool]>(&[&seed[..]; 4]), 0.8 - 0.024_79, 0.8 + 0.024_79, 2e-3);
    }

    #[test]
    fn the_spread_between_seeds_widens_the_interval() {
        // accuracies 0.7, 0.8, 0.9: s² = 0.01, standard error 0.0577, about two degrees of freedom
        let [low, middle, high] = [0.7, 0.8, 0.9].map(|share| outcomes(100_000, share, 0));
        close(interval::<[bool]>(&[&low, &middle, &high]), 0.8 - 4.303 * 0.0577, 1.0, 2e-3);
    }

    #[test]
    fn at_the_ends_it_is_about_wilsons_and_has_a_width() {
        for n in [2, 10, 200, 2_000] {
            let (all, none) = (vec![true; n], vec![false; n]);
            let (ours, wilsons) = (interval::<[bool]>(&[&all, &all, &all]), wilson(1.0, n));
            assert!(ours.high == 1.0 && ours.low < wilsons.low, "{n}: {ours:?}");
            assert!(wilsons.low - ours.low < 0.25 * (1.0 - wilsons.low) + 0.5 / n as f64, "{n}: {ours:?}, {wilsons:?}");
            close(interval::<[bool]>(&[&none]), 0.0, 1.0 - ours.low, 1e-12);
        }
    }
}
