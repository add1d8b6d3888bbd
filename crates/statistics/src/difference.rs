//! How far two models, or any contrast of models, lie apart over all seeds and all test examples one might have drawn.

use crate::student;

/// Mean of a table `d[seed][example]` and how uncertain it is.
///
/// Both seeds and examples are samples: other seeds give other models, other reviews another test. The table is read as
/// `d = μ + seed + example + rest` (two crossed random factors without repetition; Searle, Casella and McCulloch 1992,
/// *Variance Components*, chapter 4; used for machine-learning metrics with crossed raters by Gallas et al. 2009,
/// Communications in Statistics 38:2586). With the mean squares of seeds `A`, of examples `B` and of the rest `E`,
/// the variance of the mean is estimated by `(A + B − E) / (S·n)`, and its degrees of freedom by Satterthwaite (1946,
/// Biometrics Bulletin 2:110): `(A + B − E)² / (A²/(S−1) + B²/(n−1) + E²/((S−1)(n−1)))`.
///
/// A variance below that of the examples alone is raised to it: a negative spread of seeds is luck. One seed leaves
/// only the examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Of all cells of the table.
    pub mean: f64,
    n_seeds: usize,
    n_examples: usize,
    /// A, B, E
    seeds: f64,
    examples: f64,
    rest: f64,
}

/// From low to high.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Range {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Difference {
    /// Of `seeds` tables of one length, `value(seed, example)`; at least one of each.
    pub fn new(n_seeds: usize, n_examples: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let mut of_seed = vec![0.0; n_seeds];
        let (mut of_examples, mut squares) = (0.0, 0.0);
        for example in 0..n_examples {
            let mut sum = 0.0;
            for (seed, total) in of_seed.iter_mut().enumerate() {
                let value = value(seed, example);
                *total += value;
                sum += value;
                squares += value * value;
            }
            of_examples += sum * sum;
        }
        let (s, n) = (n_seeds as f64, n_examples as f64);
        let total: f64 = of_seed.iter().sum();
        let of_mean = total * total / (s * n);
        let seeds = of_seed.iter().map(|sum| sum * sum).sum::<f64>() / n - of_mean;
        let examples = of_examples / s - of_mean;
        let rest = squares - of_mean - seeds - examples;
        let mean_square = |sum: f64, degrees: f64| if degrees > 0.0 { sum.max(0.0) / degrees } else { 0.0 };
        Difference {
            mean: total / (s * n),
            n_seeds,
            n_examples,
            seeds: mean_square(seeds, s - 1.0),
            examples: mean_square(examples, n - 1.0),
            rest: mean_square(rest, (s - 1.0) * (n - 1.0)),
        }
    }

    /// The interval that holds the true mean with this confidence; without width where nothing differs.
    pub fn interval(&self, confidence: f64) -> Range {
        let half = self.half_width(confidence, self.n_seeds);
        Range { low: self.mean - half, high: self.mean + half }
    }

    /// About how many more seeds would make the 95 % interval leave `edge` on one side in four of five repetitions, if mean and
    /// spreads are as they were seen; none up to 30 in all if seeds alone would not.
    pub fn seeds_to_leave(&self, edge: f64) -> Option<usize> {
        let enough = |&all: &usize| FOUR_OF_FIVE * self.half_width(0.95, all) < (edge - self.mean).abs();
        (self.n_seeds + 1..=MOST_SEEDS).find(enough).map(|all| all - self.n_seeds)
    }

    /// Whether other seeds would move the mean more than other examples would.
    pub fn is_of_seeds(&self) -> bool {
        self.seeds - self.rest > self.examples
    }

    /// Half the width of the interval that so many seeds would have: expected mean squares in place of those seen.
    fn half_width(&self, confidence: f64, n_seeds: usize) -> f64 {
        let (s, n) = (n_seeds as f64, self.n_examples as f64);
        let more = n_seeds as f64 / self.n_seeds as f64;
        let examples = if n_seeds == self.n_seeds {
            self.examples
        } else {
            more * (self.examples - self.rest).max(0.0) + self.rest
        };
        let variance = (self.seeds + examples - self.rest).max(examples);
        let square =
            |mean_square: f64, degrees: f64| if degrees > 0.0 { mean_square * mean_square / degrees } else { 0.0 };
        let spread = square(self.seeds, s - 1.0) + square(examples, n - 1.0) + square(self.rest, (s - 1.0) * (n - 1.0));
        if variance <= 0.0 {
            return if n > 1.0 { 0.0 } else { f64::INFINITY };
        }
        student::quantile(0.5 + confidence / 2.0, variance * variance / spread) * (variance / (s * n)).sqrt()
    }
}

/// Nobody trains more.
const MOST_SEEDS: usize = 30;

/// From a half width, 1.96 standard errors, to one that is met with 80 % power: 0.84 more of them.
const FOUR_OF_FIVE: f64 = (1.96 + 0.84) / 1.96;

#[cfg(test)]
impl Range {
    pub(crate) fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_by_hand() {
        // 2 seeds, 3 examples: 1 0 1 / 0 0 1; mean 1/2; seeds 1/3 and −1/3… squares: seeds 1/6, examples 1, rest 1/3
        let table = [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]];
        let difference = Difference::new(2, 3, |seed, example| table[seed][example]);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{difference:?}");
        close(difference.mean, 0.5);
        close(difference.seeds, 1.0 / 6.0);
        close(difference.examples, 0.5);
        close(difference.rest, 1.0 / 6.0);
        // variance 1/2 / 6, degrees (1/2)² / ((1/6)²/1 + (1/2)²/2 + (1/6)²/2) = 0.25 / 0.16667 = 1.5
        let half = student::quantile(0.975, 1.5) * (1.0_f64 / 12.0).sqrt();
        close(difference.interval(0.95).high, 0.5 + half);
        close(difference.interval(0.95).low, 0.5 - half);
    }

    #[test]
    fn one_seed_has_the_interval_of_its_examples() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i % 5 == 0)).collect();
        let interval = Difference::new(1, 1000, |_, example| values[example]).interval(0.95);
        let half = student::quantile(0.975, 999.0) * (0.2 * 0.8 / 999.0_f64).sqrt();
        assert!((interval.high - 0.2 - half).abs() < 1e-12 && (interval.low - 0.2 + half).abs() < 1e-12);
    }

    #[test]
    fn what_never_differs_has_no_width_and_one_example_says_nothing() {
        assert_eq!(Difference::new(3, 9, |_, _| 0.0).interval(0.95), Range { low: 0.0, high: 0.0 });
        let same: Vec<f64> = (0..50).map(|i| f64::from(i % 2)).collect();
        let (three, one) = (Difference::new(3, 50, |_, i| same[i]), Difference::new(1, 50, |_, i| same[i]));
        assert!((three.interval(0.95).high - one.interval(0.95).high).abs() < 1e-3, "seeds that agree add nothing");
        assert_eq!(Difference::new(1, 1, |_, _| 1.0).interval(0.95).high, f64::INFINITY);
    }

    #[test]
    fn seeds_that_differ_want_more_seeds_and_examples_that_differ_more_examples() {
        let spread = |s: usize, i: usize| 0.01 * (s as f64 - 1.0) + 0.05 * f64::from(i.is_multiple_of(7)) - 0.05 / 7.0;
        let by_seeds = Difference::new(3, 5000, spread);
        assert!(by_seeds.interval(0.95).contains(0.012));
        let more = by_seeds.seeds_to_leave(0.012).unwrap();
        assert!((1..8).contains(&more), "{more}");
        let by_examples = Difference::new(3, 100, |_, i| (i % 2) as f64);
        assert_eq!(by_examples.seeds_to_leave(0.52), None);
    }
}
