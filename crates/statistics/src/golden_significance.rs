//! Held to statsmodels, scipy and numpy: `tests/reference/significance.py` wrote the file.

use serde::Deserialize;

use crate::{Answers, Contributions, Difference, Term, holm, mcnemar, student};

const GOLDEN: &str = include_str!("../tests/golden/significance.json");

#[derive(Deserialize)]
struct Golden {
    studies: Vec<Study>,
    classes: Vec<OfClasses>,
    holm: Vec<Holm>,
    student: Vec<Student>,
}

#[derive(Deserialize)]
struct Study {
    full: Vec<Vec<u8>>,
    less: Vec<Vec<u8>>,
    mcnemar: Vec<f64>,
    difference: Analysis,
}

/// Labels, and what the runs of two models answer.
#[derive(Deserialize)]
struct OfClasses {
    classes: usize,
    labels: Vec<u16>,
    full: Vec<Vec<u16>>,
    less: Vec<Vec<u16>>,
    macro_f1: Analysis,
    balanced_accuracy: Analysis,
}

#[derive(Deserialize)]
struct Analysis {
    mean: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Holm {
    p: Vec<f64>,
    corrected: Vec<f64>,
}

#[derive(Deserialize)]
struct Student {
    share: f64,
    degrees: f64,
    quantile: f64,
}

fn golden() -> Golden {
    serde_json::from_str(GOLDEN).unwrap()
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{ours}, not {theirs}");
}

#[test]
fn mcnemar_is_that_of_statsmodels() {
    let bools = |row: &[u8]| row.iter().map(|&right| right == 1).collect::<Vec<_>>();
    for study in golden().studies {
        for ((one, other), expected) in study.full.iter().zip(&study.less).zip(study.mcnemar) {
            close(mcnemar(&bools(one), &bools(other)), expected);
        }
    }
}

#[test]
fn the_difference_is_that_of_two_crossed_factors_with_seeds_nested_in_models() {
    for Study { full, less, difference, .. } in golden().studies {
        let bools = |rows: &[Vec<u8>]| rows.iter().map(|row| row.iter().map(|&right| right == 1).collect()).collect();
        let (full, less): (Vec<Vec<bool>>, Vec<Vec<bool>>) = (bools(&full), bools(&less));
        let term = |weight, runs| Term { weight, runs };
        let slices = [&full, &less].map(|runs| runs.iter().map(Vec::as_slice).collect::<Vec<&[bool]>>());
        let [full, less] = slices;
        let ours = Difference::new(&[term(1.0, full), term(-1.0, less)]);
        let interval = ours.interval(0.95);
        close(ours.mean, difference.mean);
        close(interval.low, difference.low);
        close(interval.high, difference.high);
    }
}

/// The reference differentiates scikit-learn's measures by the weight of each example, numerically.
#[test]
fn the_difference_of_a_mean_over_classes_is_that_of_scikit_learns_derivatives() {
    for OfClasses { classes, labels, full, less, macro_f1, balanced_accuracy } in golden().classes {
        let logits = vec![0.0; classes * labels.len()];
        type Of = fn(&Answers) -> Contributions;
        let measures: [(Of, Analysis); 2] =
            [(Contributions::macro_f1, macro_f1), (Contributions::balanced_accuracy, balanced_accuracy)];
        for (of, expected) in measures {
            let runs = |model: &[Vec<u16>]| {
                model.iter().map(|run| of(&Answers::new(&logits, &labels, run))).collect::<Vec<Contributions>>()
            };
            let (full, less) = (runs(&full), runs(&less));
            let terms =
                [(1.0, &full), (-1.0, &less)].map(|(weight, runs)| Term { weight, runs: runs.iter().collect() });
            let ours = Difference::new(&terms);
            let interval = ours.interval(0.95);
            for (ours, theirs) in
                [(ours.mean, expected.mean), (interval.low, expected.low), (interval.high, expected.high)]
            {
                assert!((ours - theirs).abs() < 1e-6, "{ours}, not {theirs}");
            }
        }
    }
}

#[test]
fn holm_is_that_of_statsmodels() {
    for Holm { p, corrected } in golden().holm {
        holm(&p).into_iter().zip(corrected).for_each(|(ours, theirs)| close(ours, theirs));
    }
}

#[test]
fn students_quantiles_are_those_of_scipy() {
    for Student { share, degrees, quantile } in golden().student {
        close(student::quantile(share, degrees), quantile);
    }
}
