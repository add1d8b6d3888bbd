//! An approximate solution of Newton's system by conjugate gradients.
//!
//! There is no preconditioner: on TF-IDF rows the Hessian's diagonal took 3 times as many products, because the penalty
//! already brings the many rare terms to one scale.

use super::objective::Objective;
use super::ordered::{combine, dot, norm};

/// Upper bound on Hessian products.
const MAX_PRODUCTS: usize = 250;
/// Stop when the residual is shorter than this times the gradient. Between 0.1 and 0.5 the time hardly changes.
const FORCING: f64 = 0.3;

/// A descent direction.
pub(super) struct Solution {
    pub(super) direction: Vec<f64>,
    /// Number of Hessian products it took.
    pub(super) products: usize,
}

/// Approximately `-H⁻¹ · gradient`, with the Hessian `H` at these probabilities.
pub(super) fn solve(objective: &Objective, probabilities: &[f64], gradient: &[f64]) -> Solution {
    let enough = (FORCING * norm(gradient)).powi(2);
    let mut residual: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let (mut search, mut curved) = (residual.clone(), vec![0.0; gradient.len()]);
    let mut solution = Solution { direction: vec![0.0; gradient.len()], products: 0 };
    let mut squared = dot(&residual, &residual);
    while squared > enough && solution.products < MAX_PRODUCTS {
        objective.hessian_product(probabilities, &search, &mut curved);
        solution.products += 1;
        let curvature = dot(&search, &curved);
        if curvature <= 0.0 {
            break; // no curvature: all probabilities are 0 or 1, and only the bias remains
        }
        combine(&mut solution.direction, 1.0, squared / curvature, &search);
        combine(&mut residual, 1.0, -squared / curvature, &curved);
        let before = std::mem::replace(&mut squared, dot(&residual, &residual));
        combine(&mut search, squared / before, 1.0, &residual);
    }
    solution
}
