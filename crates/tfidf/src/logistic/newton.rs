//! Truncated Newton steps: a direction by conjugate gradients, a length by backtracking.
//!
//! After Lin, Weng & Keerthi, "Trust region Newton method for large-scale logistic regression", JMLR 9 (2008): the
//! Hessian only ever multiplies a vector, and far from the minimum an approximate solution suffices. The line search in
//! place of a trust region follows Galli & Lin, "A study on truncated Newton methods for linear classification", IEEE
//! TNNLS 33 (2022), as in LIBLINEAR since version 2.40.

use super::conjugate;
use super::objective::Objective;
use super::ordered::{combine, dot, norm};

/// Upper bound on Newton steps; 3 to 10 are usual on text.
const MAX_STEPS: usize = 100;
/// Upper bound on halvings of a step.
const MAX_HALVINGS: i32 = 30;
/// Sufficient share of the decrease that the slope predicts (Armijo).
const SUFFICIENT_DECREASE: f64 = 0.01;
/// Share of the loss that may be rounding: close to the minimum the value cannot tell a good step from a bad one.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// The end of the descent, and its cost.
pub(super) struct End {
    pub(super) unknowns: Vec<f64>,
    pub(super) steps: usize,
    pub(super) products: usize,
    pub(super) relative_gradient: f64,
}

/// Descend from `start` until the gradient is shorter than `tolerance` times the gradient at zero, or no step decreases
/// the loss.
pub(super) fn minimise(objective: &Objective, start: Vec<f64>, tolerance: f64) -> End {
    let scale =
        norm(&Point::new(objective, vec![0.0; objective.unknowns()]).gradient(objective)).max(f64::MIN_POSITIVE);
    let mut point = Point::new(objective, start);
    let (mut steps, mut products) = (0, 0);
    loop {
        let gradient = point.gradient(objective);
        let relative_gradient = norm(&gradient) / scale;
        let arrived = relative_gradient <= tolerance || steps == MAX_STEPS;
        if arrived || !point.step(objective, &gradient, &mut products) {
            return End { unknowns: point.unknowns, steps, products, relative_gradient };
        }
        steps += 1;
    }
}

/// Unknowns and the values derived from them.
struct Point {
    unknowns: Vec<f64>,
    logits: Vec<f64>,
    probabilities: Vec<f64>,
    loss: f64,
}

impl Point {
    fn new(objective: &Objective, unknowns: Vec<f64>) -> Point {
        let logits = objective.logits(&unknowns);
        let (probabilities, loss) = (objective.probabilities(&logits), objective.loss(&logits));
        Point { unknowns, logits, probabilities, loss }
    }

    fn gradient(&self, objective: &Objective) -> Vec<f64> {
        objective.gradient(&self.unknowns, &self.probabilities)
    }

    /// Take one Newton step; false if no step decreases the loss.
    fn step(&mut self, objective: &Objective, gradient: &[f64], products: &mut usize) -> bool {
        let solution = conjugate::solve(objective, &self.probabilities, gradient);
        *products += solution.products;
        let Some(length) = self.length(objective, gradient, &solution.direction) else { return false };
        combine(&mut self.unknowns, 1.0, length, &solution.direction);
        *self = Point::new(objective, std::mem::take(&mut self.unknowns));
        true
    }

    /// The first of 1, ½, ¼ … with a sufficient decrease.
    fn length(&self, objective: &Objective, gradient: &[f64], direction: &[f64]) -> Option<f64> {
        let change = objective.logits(direction);
        let slope = dot(gradient, direction);
        if slope >= 0.0 {
            return None;
        }
        let (cross, square) = (objective.penalty(&self.unknowns, direction), objective.penalty(direction, direction));
        let difference = |length: f64| {
            let mut logits = self.logits.clone();
            combine(&mut logits, 1.0, length, &change);
            objective.loss(&logits) - self.loss + length * cross + 0.5 * length * length * square
        };
        let mut lengths = (0..MAX_HALVINGS).map(|halvings| 0.5_f64.powi(halvings));
        lengths.find(|&length| difference(length) < SUFFICIENT_DECREASE * length * slope + ROUNDING * self.loss)
    }
}
