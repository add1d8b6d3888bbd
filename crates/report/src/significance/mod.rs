//! Whether a difference is more than noise: paired tests, intervals, and what their errors add up to.

mod difference;
#[cfg(test)]
mod golden;
mod holm;
mod mcnemar;
mod p_values;
#[cfg(test)]
pub(crate) mod simulation;
mod student;

pub(crate) use difference::{Difference, Range};
pub(crate) use holm::holm;
pub(crate) use mcnemar::{mcnemar, one_sided};
pub(crate) use p_values::either_way;
