//! Intervals, paired tests and calibration, over plain slices.
//!
//! | question | answer |
//! | --- | --- |
//! | How sure is an accuracy? | [`interval()`] over seeds and examples, [`wilson`] from a share alone |
//! | How sure is macro F1, or balanced accuracy? | the same of [`Contributions`] |
//! | How far do two models differ? | [`Difference`]: mean and interval over seeds and examples |
//! | Is a difference more than noise? | [`mcnemar()`] for each seed, [`either_way`] over seeds, [`holm()`] over models |
//! | How few blocks are enough? | [`finding`] for each depth, [`knee()`] over the depths |
//! | What does a model confuse, and how does it rank? | [`Confusion`], [`auc`] |
//! | Is its confidence true? | [`Probabilities`], [`Measured`], [`fit_temperature`], [`risks`] |
//!
//! Fractions are 0 to 1. A model's answers to labelled examples are [`Answers`]; where only right or wrong counts, a
//! `&[bool]` for each seed, and for a measure that is no mean over examples, [`Contributions`]. Tests hold the numbers to
//! scipy, statsmodels and scikit-learn (`tests/golden`), and to simulated studies whose truth is known.

mod answers;
mod calibration;
mod confusion;
mod contributions;
mod coverage;
mod difference;
#[cfg(test)]
mod golden_quality;
#[cfg(test)]
mod golden_significance;
mod holm;
mod interval;
mod knee;
mod mcnemar;
mod p_values;
mod probabilities;
mod ranking;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod simulation_of_classes;
mod student;
mod temperature;

pub use answers::Answers;
pub use calibration::{BINS, Bin, Calibration, Measured};
pub use confusion::Confusion;
pub use contributions::{Contributions, Run};
pub use coverage::{COVERAGES, risks, shares};
pub use difference::{Difference, MOST_SEEDS, Range, Term};
pub use holm::holm;
pub use interval::{Interval, Method, interval, wilson};
pub use knee::{Finding, LEAST_ANSWERS, LEAST_SEEDS, finding, knee};
pub use mcnemar::{mcnemar, one_sided};
pub use p_values::either_way;
pub use probabilities::Probabilities;
pub use ranking::auc;
pub use temperature::{TEMPERATURES, fit as fit_temperature};

/// The arithmetic mean; NaN of nothing.
pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = values.into_iter().fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    sum / n as f64
}
