//! The objective, its gradient, and its Hessian times a vector.
//!
//! Unknowns are one flat vector `[terms + 1, outputs]`, row-major; the last row is the bias, which has no penalty. Two
//! classes have one output, the logit of class 1 against a logit 0 of class 0; more classes have one output each. The
//! formulas hold for both: with `p` the probabilities of the outputs, the derivative of the loss by the logits is `p -
//! y`, and its second derivative times a vector `u` of logits is `p ∘ (u - p·u)`.

use rayon::prelude::*;

use super::ordered::{column_sums, combine, dot};
use crate::Sparse;

/// Examples in one task.
const EXAMPLES_PER_TASK: usize = 512;

/// `C · Σ w · cross entropy + ½ ‖W‖²` over all examples, w the weight of an example's class.
pub(super) struct Objective<'a> {
    /// Features `[examples, terms]`.
    pub(super) rows: &'a Sparse,
    /// Their transpose `[terms, examples]`.
    pub(super) columns: &'a Sparse,
    pub(super) labels: &'a [usize],
    /// `[classes]`
    pub(super) class_weights: &'a [f64],
    /// 1 for two classes, otherwise the number of classes.
    pub(super) outputs: usize,
    pub(super) c: f64,
}

impl Objective<'_> {
    /// Number of unknowns.
    pub(super) fn unknowns(&self) -> usize {
        self.weights() + self.outputs
    }

    /// Number of unknowns with a penalty.
    fn weights(&self) -> usize {
        self.rows.width() * self.outputs
    }

    /// Logits `[examples, outputs]`.
    pub(super) fn logits(&self, unknowns: &[f64]) -> Vec<f64> {
        let (weights, bias) = unknowns.split_at(self.weights());
        let mut logits = vec![0.0; self.rows.rows() * self.outputs];
        self.rows.multiply(weights, self.outputs, &mut logits);
        logits.chunks_mut(self.outputs).for_each(|row| row.iter_mut().zip(bias).for_each(|(l, b)| *l += b));
        logits
    }

    /// `Σ u · v` over the unknowns with a penalty.
    pub(super) fn penalty(&self, u: &[f64], v: &[f64]) -> f64 {
        dot(&u[..self.weights()], &v[..self.weights()])
    }

    /// `C · Σ w · cross entropy` in nats, without the penalty.
    pub(super) fn loss(&self, logits: &[f64]) -> f64 {
        let (rows, labels) = (EXAMPLES_PER_TASK * self.outputs, EXAMPLES_PER_TASK);
        let chunks = logits.par_chunks(rows).zip(self.labels.par_chunks(labels)).map(|(logits, labels)| {
            logits.chunks(self.outputs).zip(labels).map(|(row, &label)| self.cross_entropy(row, label)).sum::<f64>()
        });
        self.c * chunks.collect::<Vec<f64>>().iter().sum::<f64>()
    }

    fn cross_entropy(&self, logits: &[f64], label: usize) -> f64 {
        let cross_entropy = log_sum_exp(logits) - self.output(label).map_or(0.0, |output| logits[output]);
        self.class_weights[label] * cross_entropy
    }

    /// The output of a label; class 0 of two has none.
    fn output(&self, label: usize) -> Option<usize> {
        if self.outputs == 1 { label.checked_sub(1) } else { Some(label) }
    }

    /// Probabilities `[examples, outputs]`.
    pub(super) fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        let mut probabilities = logits.to_vec();
        probabilities.par_chunks_mut(self.outputs).with_min_len(EXAMPLES_PER_TASK).for_each(|row| {
            let log_sum = log_sum_exp(row);
            row.iter_mut().for_each(|logit| *logit = (*logit - log_sum).exp());
        });
        probabilities
    }

    /// Gradient at `unknowns`, which have these probabilities.
    pub(super) fn gradient(&self, unknowns: &[f64], probabilities: &[f64]) -> Vec<f64> {
        let mut residuals = probabilities.to_vec();
        for (row, &label) in residuals.chunks_mut(self.outputs).zip(self.labels) {
            if let Some(output) = self.output(label) {
                row[output] -= 1.0;
            }
            row.iter_mut().for_each(|residual| *residual *= self.class_weights[label]);
        }
        let mut gradient = vec![0.0; self.unknowns()];
        self.pull_back(&residuals, unknowns, &mut gradient);
        gradient
    }

    /// `product = H · vector`, with the Hessian at these probabilities.
    pub(super) fn hessian_product(&self, probabilities: &[f64], vector: &[f64], product: &mut [f64]) {
        let mut logits = self.logits(vector);
        let rows = logits.par_chunks_mut(self.outputs).zip(probabilities.par_chunks(self.outputs)).zip(self.labels);
        rows.with_min_len(EXAMPLES_PER_TASK).for_each(|((u, p), &label)| {
            let mean: f64 = u.iter().zip(p).map(|(u, p)| u * p).sum();
            u.iter_mut().zip(p).for_each(|(u, p)| *u = self.class_weights[label] * (p * (*u - mean)));
        });
        self.pull_back(&logits, vector, product);
    }

    /// `C · [features, 1]ᵀ · rows`, plus `penalised` for unknowns with a penalty.
    fn pull_back(&self, rows: &[f64], penalised: &[f64], product: &mut [f64]) {
        let (weights, bias) = product.split_at_mut(self.weights());
        self.columns.multiply(rows, self.outputs, weights);
        combine(weights, self.c, 1.0, &penalised[..self.weights()]);
        let sums = column_sums(rows, self.outputs);
        bias.iter_mut().zip(sums).for_each(|(bias, sum)| *bias = self.c * sum);
    }
}

/// `log Σ exp(logits)` without overflow; a single logit is compared with a logit 0.
fn log_sum_exp(logits: &[f64]) -> f64 {
    if let [logit] = logits {
        return logit.max(0.0) + (-logit.abs()).exp().ln_1p();
    }
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value, gradient and Hessian agree with differences of the value, whatever the number of classes.
    fn check(labels: &[usize], outputs: usize) {
        let rows = [vec![(0, 0.6), (1, 0.8)], vec![(1, 1.0)], vec![], vec![(0, 0.8), (2, 0.6)]];
        let rows = Sparse::from_rows(3, &rows).unwrap();
        let columns = rows.transposed();
        let objective =
            Objective { rows: &rows, columns: &columns, labels, class_weights: &[0.5, 2.0, 1.5], outputs, c: 3.0 };
        let value = |at: &[f64]| objective.loss(&objective.logits(at)) + 0.5 * objective.penalty(at, at);
        let probabilities = |at: &[f64]| objective.probabilities(&objective.logits(at));
        let gradient = |at: &[f64]| objective.gradient(at, &probabilities(at));
        let at: Vec<f64> = (0..objective.unknowns()).map(|unknown| (unknown as f64).sin()).collect();
        let direction: Vec<f64> = (0..at.len()).map(|unknown| (unknown as f64 + 0.5).cos()).collect();
        let beside = |length: f64| -> Vec<f64> { at.iter().zip(&direction).map(|(a, d)| a + length * d).collect() };

        let slope = (value(&beside(1e-5)) - value(&beside(-1e-5))) / 2e-5;
        assert!((dot(&gradient(&at), &direction) - slope).abs() < 1e-6 * slope.abs().max(1.0));

        let mut product = vec![f64::NAN; at.len()];
        objective.hessian_product(&probabilities(&at), &direction, &mut product);
        for (unknown, (ahead, behind)) in gradient(&beside(1e-5)).iter().zip(gradient(&beside(-1e-5))).enumerate() {
            assert!((product[unknown] - (ahead - behind) / 2e-5).abs() < 1e-6);
        }
    }

    #[test]
    fn gradient_and_hessian_are_derivatives_of_the_value() {
        check(&[0, 1, 1, 0], 1);
        check(&[0, 1, 2, 1], 3);
    }

    #[test]
    fn probabilities_do_not_overflow() {
        let rows = Sparse::from_rows(0, &[vec![]]).unwrap();
        let class_weights = &[1.0; 3];
        let objective =
            |outputs| Objective { rows: &rows, columns: &rows, labels: &[1], class_weights, outputs, c: 1.0 };
        assert_eq!(objective(1).probabilities(&[1e4, -1e4]), [1.0, 0.0]);
        assert_eq!(objective(1).loss(&[-1e4]), 1e4);
        assert_eq!(objective(3).probabilities(&[1e4, 0.0, -1e4]), [1.0, 0.0, 0.0]);
        assert_eq!(objective(3).loss(&[1e4, 0.0, -1e4]), 1e4);
    }
}
