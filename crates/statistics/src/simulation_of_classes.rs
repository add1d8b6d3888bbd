//! Studies of some common classes and a rare one whose truth is known: the same questions for macro F1 and balanced accuracy.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::simulation::{DECIDED, Kind, OPEN, STUDIES};
use crate::{Answers, Contributions, Difference, Finding, LEAST_ANSWERS, Term, finding, interval};

/// Accuracy within each common class, and within the rare one.
type Recalls = [f64; 2];

#[derive(Debug, Clone, Copy)]
enum Measure {
    MacroF1,
    Balanced,
}

use Measure::{Balanced, MacroF1};

/// Some models with a seed's luck shared by all classes, as in [`crate::simulation`].
#[derive(Debug, Clone, Copy)]
struct Classes {
    kind: Kind,
    /// Standard deviation of the accuracy between seeds, in points: of the full model, and of the others.
    points: [f64; 2],
    /// The last class is the rare one; the others are of one size.
    n_classes: usize,
    /// Share of the rare class.
    rare: f64,
    measure: Measure,
}

/// One model's contributions, seed by seed.
type Model = Vec<Contributions>;

impl Classes {
    /// Of two classes.
    fn new(n_seeds: usize, n_examples: usize, points: f64, rare: f64, measure: Measure) -> Self {
        Classes { kind: Kind::new(n_seeds, n_examples, points), points: [points; 2], n_classes: 2, rare, measure }
    }

    fn is_rare(&self, class: usize) -> bool {
        class + 1 == self.n_classes
    }

    /// The class of a random number from 0 to 1.
    fn label(&self, uniform: f64) -> u16 {
        let common = (uniform - self.rare) / (1.0 - self.rare) * (self.n_classes - 1) as f64;
        if uniform < self.rare { self.n_classes as u16 - 1 } else { common as u16 }
    }

    /// The answer to an example of a class; a wrong one is the next class.
    fn answer(&self, label: u16, right: bool) -> u16 {
        if right { label } else { (label + 1) % self.n_classes as u16 }
    }

    /// The measure of a model that answers so many of each class right, on all examples there are.
    fn of(&self, recalls: Recalls) -> f64 {
        let k = self.n_classes;
        let share = |class| if self.is_rare(class) { self.rare } else { (1.0 - self.rare) / (k - 1) as f64 };
        let recall = |class| recalls[usize::from(self.is_rare(class))];
        let value = |class: usize| match self.measure {
            Balanced => recall(class),
            MacroF1 => {
                let (right, before) = (share(class) * recall(class), (class + k - 1) % k);
                2.0 * right / (share(class) + right + share(before) * (1.0 - recall(before)))
            }
        };
        (0..k).map(value).sum::<f64>() / k as f64
    }

    /// The mean measure over all seeds that the full model (`place` 0) or another has: an integral over their luck.
    fn truth(&self, recalls: Recalls, place: usize) -> f64 {
        const STEPS: i32 = 120;
        let (of_seeds, whole) = self.kind.spreads(self.points[place]);
        let rest = (whole * whole - of_seeds * of_seeds).sqrt();
        let normal = Normal::standard();
        let lucky = |luck: f64| {
            self.of(recalls.map(|recall| normal.cdf((whole * normal.inverse_cdf(recall) + of_seeds * luck) / rest)))
        };
        let steps = (-STEPS..=STEPS).map(|step| 6.0 * f64::from(step) / f64::from(STEPS));
        let weighed = steps.map(|luck| ((-luck * luck / 2.0).exp(), lucky(luck)));
        let (sum, weight) =
            weighed.fold((0.0, 0.0), |(sum, all), (weight, value)| (sum + weight * value, all + weight));
        sum / weight
    }

    /// Recalls like `full`, lower by so much that the truth is lower by `drop`.
    fn lower(&self, full: Recalls, drop: f64) -> Recalls {
        let (mut low, mut high) = (0.0, 0.5);
        for _ in 0..60 {
            let by = (low + high) / 2.0;
            let enough = self.truth(full, 0) - self.truth([full[0] - by / 4.0, full[1] - by], 1) > drop;
            (low, high) = if enough { (low, by) } else { (by, high) };
        }
        [full[0] - low / 4.0, full[1] - low]
    }

    fn contributions(&self, labels: &[u16], predicted: &[u16]) -> Contributions {
        let logits = vec![0.0; self.n_classes * labels.len()];
        let answers = Answers::new(&logits, labels, predicted);
        match self.measure {
            MacroF1 => Contributions::macro_f1(&answers),
            Balanced => Contributions::balanced_accuracy(&answers),
        }
    }

    /// Study number `study`.
    fn draw(&self, study: u64, models: &[Recalls]) -> Vec<Model> {
        let mut random = ChaCha8Rng::seed_from_u64(study);
        let n = self.kind.n_examples;
        let labels: Vec<u16> = (0..n).map(|_| self.label(f64::from(random.next_u32()) / 2.0_f64.powi(32))).collect();
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let [of_all, own] = self.kind.ease;
        let shared: Vec<f64> = (0..n).map(|_| of_all * normal()).collect();
        let mut model = |(place, recalls): (usize, &Recalls)| {
            let (of_seeds, whole) = self.kind.spreads(self.points[place]);
            let ease = recalls.map(|recall| whole * Normal::standard().inverse_cdf(recall));
            let own: Vec<f64> = shared.iter().map(|shared| shared + own * normal()).collect();
            let mut seed = |_| {
                let luck = of_seeds * normal();
                let right = |(label, own): (&u16, &f64)| {
                    ease[usize::from(self.is_rare(usize::from(*label)))] + own + luck + normal() > 0.0
                };
                let right: Vec<bool> = labels.iter().zip(&own).map(right).collect();
                let answers = labels.iter().zip(right).map(|(label, right)| self.answer(*label, right));
                self.contributions(&labels, &answers.collect::<Vec<u16>>())
            };
            (0..self.kind.n_seeds).map(&mut seed).collect()
        };
        models.iter().enumerate().map(&mut model).collect()
    }

    /// The share of studies of which something is true.
    fn share(&self, models: &[Recalls], is_true: impl Fn(&[Model]) -> bool + Sync) -> f64 {
        let studies = (0..STUDIES).into_par_iter();
        studies.filter(|study| is_true(&self.draw(*study, models))).count() as f64 / STUDIES as f64
    }

    /// How often the interval of a drop of two points holds it.
    fn coverage(&self, full: Recalls) -> f64 {
        let less = self.lower(full, 0.02);
        let truth = self.truth(full, 0) - self.truth(less, 1);
        self.share(&[full, less], |models| drop(&models[0], &models[1]).interval(0.95).contains(truth))
    }

    /// How often the interval of the measure itself holds it.
    fn coverage_of_measure(&self, full: Recalls) -> f64 {
        let truth = self.truth(full, 0);
        self.share(&[full], |models| {
            let interval = interval(&models[0].iter().collect::<Vec<_>>());
            interval.low <= truth && truth <= interval.high
        })
    }

    /// The margin of ten answers in the rare class.
    fn margin(&self) -> f64 {
        LEAST_ANSWERS / (self.n_classes as f64 * self.rare * self.kind.n_examples as f64)
    }

    /// How often a depth whose drop is the margin is called enough.
    fn wrong(&self, full: Recalls) -> f64 {
        let less = self.lower(full, self.margin());
        self.share(&[full, less], |models| {
            finding(&drop(&models[0], &models[1]), self.kind.n_seeds, self.margin()) == Finding::Enough
        })
    }

    /// The same of three seeds that agree, where the depth makes all mistakes of the full model and some more, of the rare
    /// class only.
    fn wrong_where_errors_go_one_way(&self, full: Recalls) -> f64 {
        let less = {
            let (mut low, mut high) = (0.0, full[1]);
            for _ in 0..60 {
                let middle = (low + high) / 2.0;
                let enough = self.of(full) - self.of([full[0], middle]) > self.margin();
                (low, high) = if enough { (middle, high) } else { (low, middle) };
            }
            [full[0], low]
        };
        let is_wrong = |study: &u64| {
            let mut random = ChaCha8Rng::seed_from_u64(*study);
            let mut uniform = || f64::from(random.next_u32()) / 2.0_f64.powi(32);
            let examples: Vec<(u16, f64)> =
                (0..self.kind.n_examples).map(|_| (self.label(uniform()), uniform())).collect();
            let labels: Vec<u16> = examples.iter().map(|(label, _)| *label).collect();
            let model = |recalls: Recalls| {
                let is_right = |label: u16, hard: f64| hard < recalls[usize::from(self.is_rare(usize::from(label)))];
                let answer = |(label, hard): &(u16, f64)| self.answer(*label, is_right(*label, *hard));
                vec![self.contributions(&labels, &examples.iter().map(answer).collect::<Vec<u16>>()); 3]
            };
            finding(&drop(&model(full), &model(less)), 3, self.margin()) == Finding::Enough
        };
        (0..STUDIES).into_par_iter().filter(is_wrong).count() as f64 / STUDIES as f64
    }
}

/// By how much the first model is better than another.
fn drop(first: &Model, other: &Model) -> Difference {
    let terms = [(1.0, first), (-1.0, other)].map(|(weight, model)| Term { weight, runs: model.iter().collect() });
    Difference::new::<Contributions>(&terms)
}

/// A rare class is answered worse.
const USUAL: Recalls = [0.96, 0.80];
/// Nearly all answers are right.
const GOOD: Recalls = [0.995, 0.97];
/// The rare class is hardly found.
const POOR: Recalls = [0.97, 0.50];

#[test]
fn ninety_five_per_cent_means_ninety_five_of_a_mean_over_classes_too() {
    let sizes =
        [(1, 1_000, 0.0, 0.1), (3, 500, 0.8, 0.2), (3, 2_000, 0.3, 0.1), (3, 2_000, 1.5, 0.1), (5, 2_000, 0.8, 0.03)];
    for (n_seeds, n_examples, points, rare) in sizes {
        for measure in [MacroF1, Balanced] {
            let classes = Classes::new(n_seeds, n_examples, points, rare, measure);
            let (of_drop, of_measure) = (classes.coverage(USUAL), classes.coverage_of_measure(USUAL));
            println!(
                "{n_seeds} seeds, {n_examples} examples, {points} points, rare {rare}, {measure:?}: drop {:.1} %, itself {:.1} %",
                100.0 * of_drop,
                100.0 * of_measure
            );
            assert!((0.93..=0.99).contains(&of_drop), "{classes:?}: {of_drop}");
            assert!((0.93..=0.99).contains(&of_measure), "{classes:?}: {of_measure}");
        }
    }
}

#[test]
fn enough_is_said_wrongly_of_a_mean_over_classes_in_at_most_one_of_twenty_studies() {
    for (n_seeds, n_examples, points, rare) in
        [(3, 1_000, 0.0, 0.1), (3, 2_000, 0.5, 0.05), (3, 2_000, 2.0, 0.2), (5, 2_000, 1.0, 0.1)]
    {
        for measure in [MacroF1, Balanced] {
            let classes = Classes::new(n_seeds, n_examples, points, rare, measure);
            let wrong = [classes.wrong(USUAL), classes.wrong([0.99, 0.95])];
            let one_way =
                [classes.wrong_where_errors_go_one_way(USUAL), classes.wrong_where_errors_go_one_way([0.999, 0.99])];
            println!(
                "{n_seeds} seeds, {n_examples} examples, {points} points, rare {rare}, {measure:?}: wrong {wrong:?}, one way {one_way:?}"
            );
            assert!(wrong.iter().chain(&one_way).all(|wrong| *wrong <= 0.05), "{classes:?}: {wrong:?}, {one_way:?}");
        }
    }
}

/// What `crates/report/README.md` says of classes.
#[test]
#[ignore = "minutes; prints what README.md says of a rare class"]
fn tables_of_classes() {
    println!(
        "classes, rare examples, seeds, points apart, decided, recalls, measure: drop, drop where only the full model differs, itself, wrong, wrong one way (%)"
    );
    let shapes = [
        (2, 20.0, 0.05),
        (2, 50.0, 0.3),
        (2, 200.0, 0.1),
        (5, 20.0, 0.02),
        (5, 100.0, 0.1),
        (20, 10.0, 0.05),
        (20, 50.0, 0.05),
    ];
    let luck = [(3, 0.0, OPEN), (3, 1.5, OPEN), (3, 0.8, DECIDED), (5, 1.5, DECIDED)];
    for ((n_classes, n_rare, rare), (n_seeds, points, ease)) in
        shapes.into_iter().flat_map(|shape| luck.map(|luck| (shape, luck)))
    {
        for (full, measure) in [USUAL, GOOD, POOR].into_iter().flat_map(|full| [(full, MacroF1), (full, Balanced)]) {
            let two = Classes::new(n_seeds, (n_rare / rare) as usize, points, rare, measure);
            let mut classes = Classes { n_classes, ..two };
            classes.kind.ease = ease;
            let unlike = Classes { points: [points, 0.0], ..classes };
            let shares = [
                classes.coverage(full),
                unlike.coverage(full),
                classes.coverage_of_measure(full),
                classes.wrong(full),
                classes.wrong_where_errors_go_one_way(full),
            ];
            let shares = shares.map(|share| format!("{:.1}", 100.0 * share)).join(" ");
            println!("{n_classes} {n_rare} {n_seeds} {points}/{} {full:?} {measure:?}: {shares}", ease == DECIDED);
        }
    }
}
