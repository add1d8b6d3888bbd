//! Studies whose truth is known: how often an interval holds it, and how often a verdict is wrong.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::difference::Difference;

/// Studies of one kind.
pub(crate) const STUDIES: u64 = 2_000;

/// Some models, each trained with several seeds, tested on the same examples.
///
/// Whether a model gets an example right is a threshold on a sum of normal draws: how easy the example is, for all
/// models and for this one, how lucky the seed was, and chance. So its expected accuracy is known exactly.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) n_seeds: usize,
    pub(crate) n_examples: usize,
    /// Standard deviation between seeds, where chance has 1.
    pub(crate) of_seeds: f64,
}

/// Spread of the examples' ease: what all models share of it, and each model's own.
const SHARED: f64 = 1.5;
const OWN: f64 = 0.7;

impl Kind {
    /// `right[model][seed][example]` of study number `study` with these expected accuracies.
    pub(crate) fn draw(&self, study: u64, accuracies: &[f64]) -> Vec<Vec<Vec<bool>>> {
        let mut random = ChaCha8Rng::seed_from_u64(study);
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let shared: Vec<f64> = (0..self.n_examples).map(|_| SHARED * normal()).collect();
        let spread = (1.0 + SHARED * SHARED + OWN * OWN + self.of_seeds * self.of_seeds).sqrt();
        let mut model = |accuracy: &f64| {
            let ease = spread * Normal::standard().inverse_cdf(*accuracy);
            let own: Vec<f64> = shared.iter().map(|shared| ease + shared + OWN * normal()).collect();
            let mut seed = |_| {
                let luck = self.of_seeds * normal();
                own.iter().map(|own| own + luck + normal() > 0.0).collect()
            };
            (0..self.n_seeds).map(&mut seed).collect()
        };
        accuracies.iter().map(&mut model).collect()
    }
}

/// By how much the first model is better than another.
pub(crate) fn accuracy_drop(first: &[Vec<bool>], other: &[Vec<bool>]) -> Difference {
    let right = |model: &[Vec<bool>], s: usize, i: usize| f64::from(u8::from(model[s][i]));
    Difference::new(first.len(), first[0].len(), |s, i| right(first, s, i) - right(other, s, i))
}

/// The share of studies whose 95 % interval holds the true difference.
fn coverage(kind: Kind) -> f64 {
    let accuracies = [0.91, 0.90];
    let held = |study: &u64| {
        let models = kind.draw(*study, &accuracies);
        accuracy_drop(&models[0], &models[1]).interval(0.95).contains(accuracies[0] - accuracies[1])
    };
    (0..STUDIES).into_par_iter().filter(held).count() as f64 / STUDIES as f64
}

/// Seeds of spread 0.05, 0.1 and 0.2 differ by 0.4, 0.8 and 1.7 points (standard deviation). Beyond that 3 seeds cover 93.0 %
/// (spread 0.3). Two seeds cover 90 to 96 %: one degree of freedom is hardly a spread, and the sentence says so.
#[test]
fn ninety_five_per_cent_means_ninety_five_where_seeds_differ() {
    for n_seeds in [3, 5, 10] {
        for of_seeds in [0.05, 0.1, 0.2] {
            let coverage = coverage(Kind { n_seeds, n_examples: 1_000, of_seeds });
            println!("{n_seeds} seeds, spread {of_seeds}: {:.1} %", 100.0 * coverage);
            assert!((0.93..=0.97).contains(&coverage), "{n_seeds} seeds, spread {of_seeds}: {coverage}");
        }
    }
}

/// Where seeds do not differ at all, their part of the variance is noise, and the interval too wide rather than too narrow.
#[test]
fn it_means_more_where_seeds_do_not_differ_and_nothing_with_one_that_does() {
    for n_seeds in [1, 3, 5] {
        let coverage = coverage(Kind { n_seeds, n_examples: 1_000, of_seeds: 0.0 });
        println!("{n_seeds} seeds that do not differ: {:.1} %", 100.0 * coverage);
        assert!((0.93..=0.99).contains(&coverage), "{n_seeds} seeds: {coverage}");
    }
    let one = coverage(Kind { n_seeds: 1, n_examples: 1_000, of_seeds: 0.3 });
    println!("one seed where seeds differ: {:.1} %", 100.0 * one);
    assert!(one < 0.8, "so one seed gives no verdict: {one}");
}
