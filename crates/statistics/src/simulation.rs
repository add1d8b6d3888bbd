//! Studies whose truth is known: how often an interval holds it, and how often a verdict is wrong.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use crate::{Difference, Finding, Term, finding, interval, knee};

/// Studies of one kind.
pub(crate) const STUDIES: u64 = 2_000;

/// Right or wrong `[seed][example]` of a model.
type Model = Vec<Vec<bool>>;

/// Some models, each trained with several seeds, tested on the same examples.
///
/// Whether a model gets an example right is a threshold on a sum of normal draws: how easy the example is, for all
/// models and for this one, how lucky the seed was, and chance. So its expected accuracy is known exactly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) n_seeds: usize,
    pub(crate) n_examples: usize,
    /// Standard deviation of the accuracy between seeds, in points, at 90 %: of the full model, and of the others.
    points: [f64; 2],
    /// Spread of the examples' ease: what all models share of it, and each model's own; chance has 1.
    pub(crate) ease: [f64; 2],
}

/// Most examples are about as likely right with any seed …
pub(crate) const OPEN: [f64; 2] = [1.5, 0.7];
/// … or nearly all are decided, whatever the seed.
pub(crate) const DECIDED: [f64; 2] = [3.5, 1.45];

impl Kind {
    pub(crate) fn new(n_seeds: usize, n_examples: usize, points: f64) -> Self {
        Kind { n_seeds, n_examples, points: [points; 2], ease: OPEN }
    }

    /// The least drop that can be a margin here: ten answers, half a point or more.
    fn margin(&self) -> f64 {
        (10.0 / self.n_examples as f64).max(0.005)
    }

    /// Standard deviation of luck, and of the whole sum: at the threshold of 90 % a unit of luck is φ(z)/sum of accuracy.
    pub(crate) fn spreads(&self, points: f64) -> (f64, f64) {
        let without = 1.0 + self.ease.iter().map(|ease| ease * ease).sum::<f64>();
        let slope = Normal::standard().pdf(Normal::standard().inverse_cdf(0.9));
        let share = (points / 100.0 / slope).powi(2);
        let whole = without / (1.0 - share);
        ((share * whole).sqrt(), whole.sqrt())
    }

    /// Study number `study` with these expected accuracies.
    fn draw(&self, study: u64, accuracies: &[f64]) -> Vec<Model> {
        let mut random = ChaCha8Rng::seed_from_u64(study);
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let [of_all, own] = self.ease;
        let shared: Vec<f64> = (0..self.n_examples).map(|_| of_all * normal()).collect();
        let mut model = |(place, accuracy): (usize, &f64)| {
            let (of_seeds, spread) = self.spreads(self.points[place.min(1)]);
            let ease = spread * Normal::standard().inverse_cdf(*accuracy);
            let own: Vec<f64> = shared.iter().map(|shared| ease + shared + own * normal()).collect();
            let mut seed = |_| {
                let luck = of_seeds * normal();
                own.iter().map(|own| own + luck + normal() > 0.0).collect()
            };
            (0..self.n_seeds).map(&mut seed).collect()
        };
        accuracies.iter().enumerate().map(&mut model).collect()
    }

    /// The share of studies of which something is true.
    fn share(&self, accuracies: &[f64], is_true: impl Fn(&[Model]) -> bool + Sync) -> f64 {
        let studies = (0..STUDIES).into_par_iter();
        studies.filter(|study| is_true(&self.draw(*study, accuracies))).count() as f64 / STUDIES as f64
    }

    /// How often the interval of the drop holds it, where the drop is one point.
    fn coverage(&self) -> f64 {
        self.share(&[0.91, 0.90], |models| drop(&models[0], &models[1]).interval(0.95).contains(0.01))
    }

    /// The same of an accuracy.
    fn coverage_of_accuracy(&self) -> f64 {
        self.share(&[0.90], |models| {
            let interval = interval(&slices(&models[0]));
            interval.low <= 0.9 && 0.9 <= interval.high
        })
    }

    /// How often a depth at or beyond the margin is the knee; `drops` from deep to shallow.
    fn wrong(&self, drops: &[f64]) -> f64 {
        let accuracies: Vec<f64> = [0.0].iter().chain(drops).map(|drop| 0.91 - drop).collect();
        self.share(&accuracies, |models| {
            let of = |model| finding(&drop(&models[0], model), self.n_seeds, self.margin());
            let findings: Vec<Finding> = models[1..].iter().map(of).collect();
            knee(&findings).is_some_and(|knee| drops[knee] >= self.margin() - 1e-12)
        })
    }
}

fn slices(model: &Model) -> Vec<&[bool]> {
    model.iter().map(Vec::as_slice).collect()
}

/// By how much the first model is better than another.
fn drop(first: &Model, other: &Model) -> Difference {
    Difference::new(&[Term { weight: 1.0, runs: slices(first) }, Term { weight: -1.0, runs: slices(other) }])
}

/// Three seeds that agree, and a depth that is wrong wherever the full model is: at a true drop of the margin, how often is
/// it called enough?
fn wrong_where_errors_go_one_way(n_examples: usize, accuracy: f64, margin: f64) -> f64 {
    let is_wrong = |study: &u64| {
        let mut random = ChaCha8Rng::seed_from_u64(*study);
        let hard: Vec<f64> = (0..n_examples).map(|_| random.next_u32() as f64 / 2.0_f64.powi(32)).collect();
        let model = |accuracy: f64| vec![hard.iter().map(|hard| *hard < accuracy).collect(); 3];
        finding(&drop(&model(accuracy), &model(accuracy - margin)), 3, margin) == Finding::Enough
    };
    (0..10 * STUDIES).into_par_iter().filter(is_wrong).count() as f64 / (10 * STUDIES) as f64
}

#[test]
fn few_answers_that_differ_are_called_enough_wrongly_in_at_most_one_of_twenty_studies() {
    let cases = [(200, 0.995, 0.005), (500, 0.99, 0.005), (872, 0.95, 0.005), (2_000, 0.99, 0.005), (500, 0.99, 0.01)];
    let more =
        [(200, 0.97, 0.02), (400, 0.97, 0.027), (1_000, 0.99, 0.0112), (2_000, 0.995, 0.00545), (4_000, 0.99, 0.005)];
    for (n_examples, accuracy, margin) in cases.into_iter().chain(more) {
        let wrong = wrong_where_errors_go_one_way(n_examples, accuracy, margin);
        println!("{n_examples} examples, accuracy {accuracy}, margin {margin}: {:.1} % wrong", 100.0 * wrong);
        assert!(wrong <= 0.05, "{n_examples} examples, accuracy {accuracy}, margin {margin}: {wrong}");
    }
}

#[test]
fn ninety_five_per_cent_means_ninety_five_where_seeds_differ() {
    let sizes = [(3, 500, 1.5), (3, 2_000, 0.3), (3, 2_000, 1.5), (5, 2_000, 0.8), (10, 2_000, 1.5)];
    for (n_seeds, n_examples, points) in sizes {
        let kind = Kind::new(n_seeds, n_examples, points);
        let (of_drop, of_accuracy) = (kind.coverage(), kind.coverage_of_accuracy());
        println!("{kind:?}: drop {:.1} %, accuracy {:.1} %", 100.0 * of_drop, 100.0 * of_accuracy);
        assert!((0.94..=0.985).contains(&of_drop), "{kind:?}: {of_drop}");
        assert!((0.935..=0.985).contains(&of_accuracy), "{kind:?}: {of_accuracy}");
    }
}

/// Where seeds do not differ at all, their part of the variance is noise, and the interval too wide rather than too narrow.
#[test]
fn it_means_more_where_seeds_do_not_differ_and_nothing_with_one_that_does() {
    for n_seeds in [1, 3, 5] {
        let coverage = Kind::new(n_seeds, 1_000, 0.0).coverage();
        println!("{n_seeds} seeds that do not differ: {:.1} %", 100.0 * coverage);
        assert!((0.94..=0.99).contains(&coverage), "{n_seeds} seeds: {coverage}");
    }
    let one = Kind::new(1, 1_000, 2.5).coverage();
    println!("one seed where seeds differ: {:.1} %", 100.0 * one);
    assert!(one < 0.8, "so one seed gives no verdict: {one}");
}

#[test]
fn enough_is_said_wrongly_in_at_most_one_of_twenty_studies_at_the_margin() {
    for (n_seeds, points) in [(3, 0.0), (3, 0.5), (3, 2.5), (3, 4.0), (5, 2.5)] {
        let kind = Kind::new(n_seeds, 1_000, points);
        let at = kind.margin();
        for drops in [&[at][..], &[at; 4], &[0.0, 0.0, at, at]] {
            let wrong = kind.wrong(drops);
            println!("{n_seeds} seeds, {points} points apart, {} depths: {:.1} % wrong", drops.len(), 100.0 * wrong);
            assert!(wrong <= 0.05, "{kind:?}, {drops:?}: {wrong}");
        }
    }
}

/// The tables of `crates/report/README.md`.
#[test]
#[ignore = "many minutes; prints the tables of README.md"]
fn tables() {
    println!(
        "examples, seeds, points apart, decided: drop, drop where only the full model differs, accuracy, wrong, wrong where only the full model differs (%)"
    );
    for (n_examples, ease) in [500, 2_000, 25_000].into_iter().flat_map(|n| [(n, OPEN), (n, DECIDED)]) {
        for (n_seeds, points) in [3, 5, 10].into_iter().flat_map(|s| [0.0, 0.3, 0.8, 1.5].map(|points| (s, points))) {
            let kind = Kind { ease, ..Kind::new(n_seeds, n_examples, points) };
            let unlike = Kind { points: [points, 0.0], ..kind };
            let shares = [
                kind.coverage(),
                unlike.coverage(),
                kind.coverage_of_accuracy(),
                kind.wrong(&[kind.margin()]),
                unlike.wrong(&[kind.margin()]),
            ];
            let shares = shares.map(|share| format!("{:.1}", 100.0 * share)).join(" ");
            println!("{n_examples:>6} {n_seeds:>2} {points} {:>5}: {shares}", ease == DECIDED);
        }
    }
}
