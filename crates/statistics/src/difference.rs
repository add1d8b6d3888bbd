//! How far two models, or any weighted sum of models, lie apart over all seeds and all test examples one might have drawn.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::contributions::Run;
use crate::student;

/// A model in a weighted sum of measures, such as accuracies.
#[derive(Debug, Clone)]
pub struct Term<'a, R: Run + ?Sized = [bool]> {
    /// What its measure is multiplied by.
    pub weight: f64,
    /// One run or more, all tested on the same examples in one order.
    pub runs: Vec<&'a R>,
}

/// A weighted sum of measures and how uncertain it is.
///
/// Both seeds and examples are samples: other seeds give other models, other reviews another test. Models share their
/// examples, but not their seeds: each model has seeds of its own, as many as it likes, in any order. The variance of the
/// sum is that of two crossed random factors without repetition (Searle, Casella and McCulloch 1992, *Variance Components*,
/// chapter 4; Gallas et al. 2009, Communications in Statistics 38:2586), seeds nested within models:
///
/// `V = Σ w²·s²/S + B − Σ w²·E/(S·n)`
///
/// where s² is the variance of a model's measure over its S seeds, B that of the mean over the n examples, and E the mean
/// square of what seeds and examples leave; E/n is in s² and in B, and so is taken off once. Degrees of freedom are those of
/// Satterthwaite (1946, Biometrics Bulletin 2:110), for seeds alone Welch's (1947, Biometrika 34:28). V is at least B: a
/// negative spread of seeds is luck. A model with one seed has only its examples. Where seeds of one model alone are random,
/// Satterthwaite's degrees are too many whenever a few seeds lie close by luck (91 to 94 % instead of 95 % with three), so
/// the half widths of seeds and of examples, each with its own degrees, are added in squares instead.
///
/// B and the centre of the interval are of the examples and four more, half of them at each end, as Agresti and Coull
/// (1998, The American Statistician 52:119) do for a share, and Agresti and Min (2005, Statistics in Medicine 24:729) and
/// Bonett and Price (2012, JEBS 37:479), with half as many, for pairs: so few differences never mean certainty. Where
/// classes count by themselves ([`crate::Contributions`]), the four are shared out evenly among the classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// As observed.
    pub mean: f64,
    n_examples: usize,
    /// Lost answers, of the class where the fewest count, that make up a drop of 1.
    n_answers: f64,
    /// What the sum can be at all.
    limits: Range,
    /// With the added examples.
    centre: f64,
    /// B
    examples: f64,
    /// Of each model with several seeds.
    seeds: Vec<Seeds>,
}

/// One model's part of the variance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seeds {
    n: usize,
    /// w²·s²
    spread: f64,
    /// w²·E/n
    rest: f64,
}

/// Examples that are added: about 1.96².
const ADDED: usize = 4;

/// From low to high.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Range {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Difference {
    /// Of at least one model, each with at least one run and one example.
    pub fn new<R: Run + ?Sized>(terms: &[Term<R>]) -> Self {
        let first = terms[0].runs[0];
        let (n_examples, n_answers) = (first.n_examples(), first.n_answers());
        let limit = |pick: fn(f64, f64) -> f64| terms.iter().map(|term| pick(term.weight, 0.0)).sum::<f64>();
        let limits = Range { low: limit(f64::min), high: limit(f64::max) };
        let (mut values, mut seeds) = (vec![0.0; n_examples], Vec::new());
        for Term { weight, runs } in terms {
            let sums = sums(runs);
            let share = weight / runs.len() as f64;
            values.iter_mut().zip(&sums).for_each(|(value, sum)| *value += share * sum);
            seeds.extend(Seeds::new(*weight, runs, &sums));
        }
        let mean = crate::mean(values.iter().copied());
        let (added, n) = (added(terms, limits), (n_examples + ADDED) as f64);
        let weighed = || values.iter().map(|value| (1.0, *value)).chain(added.iter().copied());
        let centre = weighed().map(|(weight, value)| weight * value).sum::<f64>() / n;
        let squares = weighed().map(|(weight, value)| weight * (value - centre).powi(2)).sum::<f64>();
        let examples = squares / (n * (n - 1.0));
        Difference { mean, n_examples, n_answers, limits, centre, examples, seeds }
    }

    /// The interval that holds the true sum with this confidence, within what it can be.
    pub fn interval(&self, confidence: f64) -> Range {
        let part = |seeds: &Seeds| seeds.spread / seeds.n as f64;
        let rest = |seeds: &Seeds| seeds.rest / seeds.n as f64;
        let all = |of: &dyn Fn(&Seeds) -> f64| self.seeds.iter().map(of).sum::<f64>();
        let examples = (self.n_examples + ADDED - 1) as f64;
        let variance = (all(&part) + self.examples - all(&rest)).max(self.examples);
        let squares = all(&|seeds| (part(seeds).powi(2) + rest(seeds).powi(2) / examples) / (seeds.n - 1) as f64);
        let degrees = variance.powi(2) / (squares + self.examples.powi(2) / examples);
        let quantile = |degrees: f64| student::quantile(0.5 + confidence / 2.0, degrees);
        let half = match &self.seeds[..] {
            [one] => {
                let of_seeds = (part(one) - rest(one)).max(0.0) * quantile((one.n - 1) as f64).powi(2);
                (of_seeds + self.examples * quantile(examples).powi(2)).sqrt()
            }
            _ => quantile(degrees) * variance.sqrt(),
        };
        Range { low: (self.centre - half).max(self.limits.low), high: (self.centre + half).min(self.limits.high) }
    }

    /// Over how many examples.
    pub fn n_examples(&self) -> usize {
        self.n_examples
    }

    /// How many lost answers make a drop of `margin`, of the class where the fewest count.
    pub fn answers(&self, margin: f64) -> f64 {
        margin * self.n_answers
    }

    /// About how many seeds each model needs in all, up to [`MOST_SEEDS`], so that in four of five repetitions the 95 %
    /// interval leaves out an edge that lies `distance` away from the true sum. The spread of seeds is taken at the upper end
    /// of what it may be (80 % confidence), since a few seeds often look more alike than they are.
    pub fn seeds_for(&self, distance: f64) -> Option<usize> {
        let most = self.seeds.iter().map(|seeds| seeds.n).min().unwrap_or(1);
        (most + 1..=MOST_SEEDS).find(|&all| self.least_distance(all) < distance)
    }

    /// About how many test examples in place of these would do so with [`MOST_SEEDS`] seeds; half of the variance is left to
    /// the seeds. `None` where the spread of seeds takes more than that.
    pub fn examples_for(&self, distance: f64) -> Option<usize> {
        let allowed = (distance / FOUR_OF_FIVE / TWO_SIDED).powi(2) / 2.0;
        let needed = (self.n_examples as f64 * self.of_examples() / allowed).ceil() as usize;
        (self.of_seeds(MOST_SEEDS) < allowed && needed > self.n_examples).then_some(needed)
    }

    /// The distance from an edge that so many seeds would tell apart.
    fn least_distance(&self, n_seeds: usize) -> f64 {
        let (of_seeds, of_examples) = (self.of_seeds(n_seeds), self.of_examples());
        let variance = of_seeds + of_examples;
        let models = self.seeds.len().max(1) as f64;
        let degrees = variance.powi(2) / (of_seeds.powi(2) / (models * (n_seeds - 1) as f64)).max(f64::MIN_POSITIVE);
        FOUR_OF_FIVE * student::quantile(0.975, degrees.min(1e9)) * variance.sqrt()
    }

    /// The variance that other examples make, however many seeds there are.
    fn of_examples(&self) -> f64 {
        (self.examples - self.seeds.iter().map(|seeds| seeds.rest / seeds.n as f64).sum::<f64>()).max(0.0)
    }

    /// The variance that so many seeds may leave.
    fn of_seeds(&self, n_seeds: usize) -> f64 {
        let degrees = self.seeds.iter().map(|seeds| seeds.n - 1).sum::<usize>() as f64;
        // `new` refuses only what is no positive number: then no model has several seeds, and the sum is empty
        let least = ChiSquared::new(degrees).map_or(1.0, |spread| spread.inverse_cdf(0.2) / degrees);
        self.seeds.iter().map(|seeds| seeds.spread).sum::<f64>() / least / n_seeds as f64
    }
}

impl Seeds {
    /// Of one model; nothing from one seed. `sums`: what each example contributes to all runs.
    fn new<R: Run + ?Sized>(weight: f64, runs: &[&R], sums: &[f64]) -> Option<Self> {
        let (s, n) = (runs.len() as f64, sums.len() as f64);
        let of_run = |run: &&R, of: fn(f64) -> f64| (0..sums.len()).map(|example| of(run.value(example))).sum::<f64>();
        let of_runs: Vec<f64> = runs.iter().map(|run| of_run(run, |value| value)).collect();
        let squares: f64 = runs.iter().map(|run| of_run(run, |value| value * value)).sum();
        let total: f64 = of_runs.iter().sum();
        let of_seeds = of_runs.iter().map(|of_run| (of_run - total / s).powi(2)).sum::<f64>() / n;
        let of_examples = sums.iter().map(|sum| (sum - total / n).powi(2)).sum::<f64>() / s;
        let rest = (squares - total * total / (s * n) - of_seeds - of_examples).max(0.0);
        let square = weight * weight / (n * (s - 1.0));
        let rest = if n > 1.0 { square * rest / (n - 1.0) } else { 0.0 };
        (runs.len() > 1).then_some(Seeds { n: runs.len(), spread: square * of_seeds, rest })
    }
}

/// What each example contributes to all runs of a model.
fn sums<R: Run + ?Sized>(runs: &[&R]) -> Vec<f64> {
    (0..runs[0].n_examples()).map(|example| runs.iter().map(|run| run.value(example)).sum()).collect()
}

/// The weights and values of the examples that are added: of each class, for the one end models with a positive weight
/// answer right and the others wrong, and for the other end the reverse. A sum beyond ±1 is scaled down to it.
fn added<R: Run + ?Sized>(terms: &[Term<R>], limits: Range) -> Vec<(f64, f64)> {
    let scale = 1.0 / limits.high.max(-limits.low).max(1.0);
    let mut ends = vec![[0.0; 2]; terms[0].runs[0].further().len()];
    for Term { weight, runs } in terms {
        let further: Vec<Vec<[f64; 2]>> = runs.iter().map(|run| run.further()).collect();
        let share = |class: usize, end: usize| scale * weight * crate::mean(further.iter().map(|all| all[class][end]));
        let (low, high) = if *weight > 0.0 { (0, 1) } else { (1, 0) };
        for (class, ends) in ends.iter_mut().enumerate() {
            *ends = [ends[0] + share(class, low), ends[1] + share(class, high)];
        }
    }
    let (n_classes, rounds) = (ends.len(), ADDED / 2);
    let one = 1.0 / n_classes as f64;
    ends.iter().flatten().cycle().take(2 * n_classes * rounds).map(|end| (one, *end)).collect()
}

/// Nobody trains more.
pub const MOST_SEEDS: usize = 30;

/// The standard normal quantile at 0.975.
const TWO_SIDED: f64 = 1.96;

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

    fn difference(full: &[&[bool]], other: &[&[bool]]) -> Difference {
        Difference::new(&[Term { weight: 1.0, runs: full.to_vec() }, Term { weight: -1.0, runs: other.to_vec() }])
    }

    /// Of `n` examples all but every `wrong`-th are right, counted from `start`.
    fn run(n: usize, wrong: usize, start: usize) -> Vec<bool> {
        (0..n).map(|i| !(i + start).is_multiple_of(wrong)).collect()
    }

    #[test]
    fn a_table_by_hand() {
        // full 101 / 001, other 000 (one seed): accuracies 2/3 and 1/3, s² = 1/18; d = 1/2 0 1, mean 1/2
        let (t, f) = (true, false);
        let difference = difference(&[&[t, f, t], &[f, f, t]], &[&[f, f, f]]);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a}, not {b}: {difference:?}");
        close(difference.mean, 0.5);
        // sum of squares 3, mean 9/6, seeds 1/6, examples 1, rest 1/3: E = 1/6, E/n = 1/18
        assert_eq!((difference.seeds.len(), difference.seeds[0].n), (1, 2));
        close(difference.seeds[0].spread, 1.0 / 18.0);
        close(difference.seeds[0].rest, 1.0 / 18.0);
        // with ±1 twice: mean 1.5/7, squares 5.25 − 1.5²/7, over 7·6
        close(difference.centre, 1.5 / 7.0);
        close(difference.examples, (5.25 - 2.25 / 7.0) / 42.0);
        // the only spread of seeds is no more than chance: s²/S = E/(S·n)
        let half = student::quantile(0.975, 6.0) * difference.examples.sqrt();
        close(difference.interval(0.95).low, 1.5 / 7.0 - half);
    }

    #[test]
    fn equal_answers_to_few_examples_leave_a_wide_interval_within_the_possible() {
        for n in [1, 2, 10, 200, 2_000] {
            let same = vec![true; n];
            let interval = difference(&[&same, &same, &same], &[&same, &same, &same]).interval(0.95);
            // the rule of three: none of n differs where 3/n of all do, in 5 %
            assert!(interval.high >= (3.0 / n as f64).min(0.9) && interval.high <= 1.0, "{n}: {interval:?}");
            assert!((interval.high + interval.low).abs() < 1e-12);
        }
        let (all, none) = (vec![true; 5], vec![false; 5]);
        let interval = difference(&[&all], &[&none]).interval(0.95);
        assert!(interval.low < 1.0 && interval.high == 1.0, "{interval:?}");
    }

    #[test]
    fn seeds_are_unpaired_so_their_order_and_number_decide_nothing() {
        let [a, b, c] = [9, 10, 12].map(|wrong| run(500, wrong, 0));
        let [d, e, f] = [9, 10, 12].map(|wrong| run(500, wrong, 1));
        let one = difference(&[&a, &b, &c], &[&d, &e, &f]);
        let other = difference(&[&c, &a, &b], &[&d, &f, &e]);
        assert!((one.interval(0.95).low - other.interval(0.95).low).abs() < 1e-12);
        let more = difference(&[&a, &b, &c, &a, &b, &c], &[&d, &e, &f]).interval(0.95);
        assert!(more.high - more.low < one.interval(0.95).high - one.interval(0.95).low, "all six are used");
    }

    #[test]
    fn seeds_that_agree_add_nothing() {
        let (full, other) = (run(1_000, 11, 0), run(1_000, 10, 0));
        let (one, three) = (difference(&[&full], &[&other]), difference(&[&full[..]; 3], &[&other[..]; 3]));
        assert!((one.interval(0.95).high - three.interval(0.95).high).abs() < 1e-12);
    }

    #[test]
    fn seeds_that_differ_want_more_seeds_and_examples_that_differ_more_examples() {
        let [a, b, c] = [18, 20, 22].map(|wrong| run(20_000, wrong, 0));
        let by_seeds = difference(&[&a, &b, &c], &[&a, &b, &c]);
        let some = by_seeds.seeds_for(0.01).unwrap();
        assert!((4..=MOST_SEEDS).contains(&some), "{some}");
        assert!(by_seeds.seeds_for(0.02).unwrap() < some && by_seeds.seeds_for(0.0001).is_none());
        let (full, other) = (run(400, 10, 0), run(400, 10, 1));
        let by_examples = difference(&[&full[..]; 3], &[&other[..]; 3]);
        assert_eq!(by_examples.seeds_for(0.02), None);
        let examples = by_examples.examples_for(0.02).unwrap();
        // 0.2 of all differ: 0.2 / n = (0.02 / 2.8)² / 2
        assert!((7_000..9_000).contains(&examples), "{examples}");
    }
}
