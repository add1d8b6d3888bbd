//! The mean curve of many reviews, its area and an interval.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{SEED, SHARES};

/// Bootstrap samples.
const DRAWS: usize = 2000;

/// The falls of one method, review by review.
#[derive(Debug, Clone, Default)]
pub(super) struct Falls(Vec<[f64; 5]>);

impl Falls {
    pub(super) fn push(&mut self, of_review: [f64; 5]) {
        self.0.push(of_review);
    }

    /// Mean fall at each share.
    pub(super) fn curve(&self) -> Vec<f64> {
        (0..SHARES.len()).map(|share| mean(&self.0.iter().map(|falls| falls[share]).collect::<Vec<_>>())).collect()
    }

    pub(super) fn area(&self) -> f64 {
        mean(&self.areas())
    }

    pub(super) fn interval(&self) -> [f64; 2] {
        interval(&self.areas())
    }

    /// The mean difference of the areas, review by review, and its interval.
    pub(super) fn over(&self, random: &Falls) -> (f64, [f64; 2]) {
        let more: Vec<f64> = self.areas().iter().zip(random.areas()).map(|(area, random)| area - random).collect();
        (mean(&more), interval(&more))
    }

    fn areas(&self) -> Vec<f64> {
        self.0.iter().map(area).collect()
    }
}

/// By trapezoids from (0, 0), divided by the largest share.
fn area(falls: &[f64; 5]) -> f64 {
    let points = || std::iter::once((0.0, 0.0)).chain(SHARES.into_iter().zip(*falls));
    let trapezoid = |((from, low), (to, high)): ((f64, f64), (f64, f64))| (to - from) * (low + high) / 2.0;
    points().zip(points().skip(1)).map(trapezoid).sum::<f64>() / SHARES[SHARES.len() - 1]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The 95 % percentile bootstrap interval of the mean (Efron 1979).
fn interval(values: &[f64]) -> [f64; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let count = values.len();
    let mut draw = || (0..count).map(|_| values[random.random_range(0..count)]).sum::<f64>() / count as f64;
    let mut means: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
    means.sort_by(f64::total_cmp);
    [0.025, 0.975].map(|share| means[((DRAWS - 1) as f64 * share).round() as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_fall_has_half_the_area() {
        assert!((area(&SHARES) - 0.25).abs() < 1e-12);
        assert!((area(&[1.0; 5]) - 0.95).abs() < 1e-12);
    }

    /// 300 intervals from 60 numbers each; about 95 % contain the true mean.
    #[test]
    fn the_interval_has_its_coverage() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut held = 0;
        for _ in 0..300 {
            let values: Vec<f64> = (0..60).map(|_| random.random::<f64>()).collect();
            let [low, high] = interval(&values);
            held += usize::from(low < 0.5 && 0.5 < high);
        }
        assert!((270..=298).contains(&held), "{held} of 300");
    }

    #[test]
    fn the_difference_is_taken_review_by_review() {
        let falls = |by: f64| Falls((0..50).map(|review| [f64::from(review % 7) + by; 5]).collect());
        let (more, [low, high]) = falls(0.1).over(&falls(0.0));
        assert!([more, low, high].iter().all(|x| (x - 0.095).abs() < 1e-9), "{more} {low} {high}");
    }
}
