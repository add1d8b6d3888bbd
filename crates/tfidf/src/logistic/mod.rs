//! Logistic regression with a quadratic penalty, solved exactly.
//!
//! For weights `W`, a bias and a strength `C` it minimises `C · Σ cross entropy + ½ ‖W‖²`; the penalty does not apply
//! to the bias. This is scikit-learn's `LogisticRegression(C=…)`, including its single vector of weights for two
//! classes. A larger `C` fits the examples more closely. With weights of the classes, each example's cross entropy is
//! multiplied by that of its class, as by `class_weight`.

mod conjugate;
mod newton;
mod objective;
mod ordered;
mod weights;

use crate::{Error, Sparse};
use objective::Objective;
pub use weights::Weights;

/// The descent ends when the gradient is shorter than this times the gradient at zero.
pub const TOLERANCE: f64 = 1e-4;

/// Fit once. To fit several `C` to the same examples, make a [`Problem`].
///
/// # Errors
/// Those of [`Problem::new`] and [`Problem::fit`].
pub fn fit(
    features: &Sparse,
    labels: &[usize],
    classes: usize,
    c: f64,
    start: Option<&Weights>,
) -> Result<Weights, Error> {
    Ok(Problem::new(features, labels, classes)?.fit(c, start)?.weights)
}

/// Examples, for any number of fits.
#[derive(Debug)]
pub struct Problem<'a> {
    rows: &'a Sparse,
    columns: Sparse,
    labels: &'a [usize],
    class_weights: Vec<f64>,
    classes: usize,
    outputs: usize,
    tolerance: f64,
}

/// Fitted weights, and the cost of finding them.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The minimum.
    pub weights: Weights,
    /// Newton steps taken.
    pub steps: usize,
    /// Hessian products; each reads all features twice.
    pub products: usize,
    /// Length of the gradient relative to zero weights. It exceeds the tolerance if rounding ended the descent.
    pub relative_gradient: f64,
}

impl<'a> Problem<'a> {
    /// Rows of `features` with their `labels`, which are below `classes`. Holds a second copy of the features, by
    /// columns.
    ///
    /// Each class should have an example: the bias of a class without one decreases until the tolerance is met.
    ///
    /// # Errors
    /// There is not one label for each row, a label is not below `classes`, or `classes` is below 2.
    pub fn new(features: &'a Sparse, labels: &'a [usize], classes: usize) -> Result<Self, Error> {
        let outputs = weights::outputs(classes)?;
        if labels.len() != features.rows() {
            return Err(Error::Labels(format!("{} labels for {} rows", labels.len(), features.rows())));
        }
        if let Some(row) = labels.iter().position(|&label| label >= classes) {
            return Err(Error::Labels(format!(
                "row {row} has label {}, but there are {classes} classes, counted from 0",
                labels[row]
            )));
        }
        let (columns, class_weights) = (features.transposed(), vec![1.0; classes]);
        Ok(Problem { rows: features, columns, labels, class_weights, classes, outputs, tolerance: TOLERANCE })
    }

    /// The same examples, where those of a class weigh `class_weights[class]` instead of 1.
    ///
    /// # Errors
    /// There is not one weight for each class, or a weight is not above 0.
    pub fn with_class_weights(self, class_weights: Vec<f64>) -> Result<Self, Error> {
        let are_possible = class_weights.iter().all(|weight| weight.is_finite() && *weight > 0.0);
        if class_weights.len() != self.classes || !are_possible {
            let message = format!("{} classes need as many weights above 0, not {class_weights:?}", self.classes);
            return Err(Error::Weights(message));
        }
        Ok(Problem { class_weights, ..self })
    }

    /// Use another relative gradient than [`TOLERANCE`].
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Problem { tolerance, ..self }
    }

    /// The minimum for `c`, searched from `start` or from zero. The start affects the time only.
    ///
    /// # Errors
    /// `c` is not above 0, or `start` has another shape.
    pub fn fit(&self, c: f64, start: Option<&Weights>) -> Result<Fit, Error> {
        if !(c.is_finite() && c > 0.0) {
            return Err(Error::Penalty(c));
        }
        let objective = self.objective(c);
        let start = start.map_or(Ok(vec![0.0; objective.unknowns()]), |start| self.unknowns(start))?;
        let end = newton::minimise(&objective, start, self.tolerance);
        let weights = Weights::from_unknowns(self.classes, self.outputs, &end.unknowns);
        let newton::End { steps, products, relative_gradient, .. } = end;
        Ok(Fit { weights, steps, products, relative_gradient })
    }

    fn objective(&self, c: f64) -> Objective<'_> {
        let Problem { rows, columns, labels, class_weights, outputs, .. } = self;
        Objective { rows, columns, labels, class_weights, outputs: *outputs, c }
    }

    fn unknowns(&self, start: &Weights) -> Result<Vec<f64>, Error> {
        let (terms, classes) = (self.rows.width(), self.classes);
        if (start.terms(), start.classes()) != (terms, classes) {
            let (started, of) = (start.terms(), start.classes());
            let message =
                format!("the start has {started} terms and {of} classes, but the problem has {terms} and {classes}");
            return Err(Error::Weights(message));
        }
        Ok(start.unknowns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Word 0 speaks for class 0, word 1 for class 1, and one example in five says the opposite.
    fn noisy() -> (Sparse, Vec<usize>) {
        let said = |number: usize| number % 2 == usize::from(!number.is_multiple_of(5));
        let rows: Vec<_> = (0..40).map(|number| vec![(u32::from(said(number)), 1.0)]).collect();
        (Sparse::from_rows(2, &rows).unwrap(), (0..40).map(|number| number % 2).collect())
    }

    #[test]
    fn the_gradient_at_the_minimum_is_near_zero() {
        let (features, labels) = noisy();
        let problem = Problem::new(&features, &labels, 2).unwrap().with_tolerance(1e-10);
        let fit = problem.fit(2.0, None).unwrap();
        let objective = problem.objective(2.0);
        let weights = fit.weights.unknowns();
        let gradient = objective.gradient(&weights, &objective.probabilities(&objective.logits(&weights)));
        assert!(ordered::norm(&gradient) < 1e-4, "{gradient:?}"); // weights were rounded to f32
        assert!(fit.weights.weights()[0] < 0.0 && fit.weights.weights()[1] > 0.0);
    }

    #[test]
    fn a_class_without_examples_is_never_predicted() {
        let (features, labels) = noisy();
        let weights = fit(&features, &labels, 3, 2.0, None).unwrap();
        let logits = weights.logits(&features).unwrap();
        assert!(logits.iter().flatten().all(|logit| logit.is_finite()));
        assert!(logits.iter().all(|row| row[2] < row[0].min(row[1])));
    }

    #[test]
    fn a_start_at_the_minimum_takes_no_step() {
        let (features, labels) = noisy();
        let problem = Problem::new(&features, &labels, 2).unwrap();
        let first = problem.fit(2.0, None).unwrap();
        let again = problem.fit(2.0, Some(&first.weights)).unwrap();
        assert_eq!((again.steps, again.weights), (0, first.weights));
    }
}
