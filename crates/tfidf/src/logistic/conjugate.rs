//! A rough solution of Newton's system by conjugate gradients.
//!
//! Without a preconditioner: on TF-IDF rows the Hessian's diagonal took 3 times as many products, as the penalty
//! already holds the many rare terms at the same scale.

use super::objective::Objective;
use super::ordered::{combine, dot, norm};

/// Hessian products at most.
const MAX_PRODUCTS: usize = 250;
/// Stop when the residual is shorter than this times the gradient. Between 0.1 and 0.5 the time hardly differs.
const FORCING: f64 = 0.3;

/// A direction that goes down.
pub(super) struct Solution {
    pub(super) direction: Vec<f64>,
    /// Hessian products it took.
    pub(super) products: usize,
}

/// About `-H⁻¹ · gradient`, with the Hessian `H` where the probabilities are these.
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
            break; // flat to the last digit: all probabilities are 0 or 1, and only the bias is left
        }
        combine(&mut solution.direction, 1.0, squared / curvature, &search);
        combine(&mut residual, 1.0, -squared / curvature, &curved);
        let before = std::mem::replace(&mut squared, dot(&residual, &residual));
        combine(&mut search, squared / before, 1.0, &residual);
    }
    solution
}
