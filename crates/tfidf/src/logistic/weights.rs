//! Fitted weights, and their logits.

use rayon::prelude::*;

use crate::{Error, Sparse};

/// Weights and bias of a logistic regression.
///
/// Two classes have one output: the logit of class 1, where that of class 0 is 0. More classes have one output each.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    classes: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Weights {
    /// Stored weights: `weights` `[terms, outputs]`, row-major, and `bias` `[outputs]`.
    ///
    /// # Errors
    /// The lengths do not fit `classes`, or `classes` is below 2.
    pub fn from_parts(classes: usize, weights: Vec<f32>, bias: Vec<f32>) -> Result<Weights, Error> {
        let outputs = outputs(classes)?;
        if bias.len() != outputs || !weights.len().is_multiple_of(outputs) {
            let (weights, bias) = (weights.len(), bias.len());
            let message =
                format!("{classes} classes need {outputs} per term, but there are {weights} weights and {bias} biases");
            return Err(Error::Weights(message));
        }
        Ok(Weights { classes, weights, bias })
    }

    /// [`Weights::from_parts`] of the solver's vector, which fits: flat `[terms + 1, outputs]`, the bias last.
    pub(super) fn from_unknowns(classes: usize, outputs: usize, unknowns: &[f64]) -> Weights {
        let mut weights: Vec<f32> = unknowns.iter().map(|&unknown| unknown as f32).collect();
        let bias = weights.split_off(weights.len() - outputs);
        Weights { classes, weights, bias }
    }

    /// The flat vector of [`Weights::from_unknowns`].
    pub(super) fn unknowns(&self) -> Vec<f64> {
        self.weights.iter().chain(&self.bias).map(|&weight| f64::from(weight)).collect()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of terms.
    pub fn terms(&self) -> usize {
        self.weights.len() / self.bias.len()
    }

    /// `[terms, outputs]`, row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// `[outputs]`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Logits `[classes]` of each row of `features`, not normalised.
    ///
    /// # Errors
    /// The width of `features` is not the number of terms.
    pub fn logits(&self, features: &Sparse) -> Result<Vec<Vec<f32>>, Error> {
        if features.width() != self.terms() {
            let (width, terms) = (features.width(), self.terms());
            return Err(Error::Features(format!("width {width}, but the weights are for {terms} terms")));
        }
        Ok((0..features.rows()).into_par_iter().map(|row| self.row_logits(features.row(row))).collect())
    }

    fn row_logits(&self, (columns, values): (&[u32], &[f32])) -> Vec<f32> {
        let outputs = self.bias.len();
        let mut sums: Vec<f64> = self.bias.iter().map(|&bias| f64::from(bias)).collect();
        for (&column, &value) in columns.iter().zip(values) {
            let weights = &self.weights[column as usize * outputs..][..outputs];
            sums.iter_mut().zip(weights).for_each(|(sum, &weight)| *sum += f64::from(value) * f64::from(weight));
        }
        let reference = (outputs < self.classes).then_some(0.0);
        reference.into_iter().chain(sums.into_iter().map(|sum| sum as f32)).collect()
    }
}

/// Number of outputs for `classes`.
pub(super) fn outputs(classes: usize) -> Result<usize, Error> {
    match classes {
        0 | 1 => Err(Error::Labels(format!("{classes} classes, but at least 2 are needed"))),
        2 => Ok(1),
        _ => Ok(classes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Sparse {
        Sparse::from_rows(2, &[vec![(0, 1.0), (1, 2.0)], vec![]]).unwrap()
    }

    #[test]
    fn of_two_classes_the_first_has_logit_zero() {
        let weights = Weights::from_parts(2, vec![10.0, 1.0], vec![0.5]).unwrap();
        assert_eq!(weights.logits(&features()).unwrap(), [[0.0, 12.5], [0.0, 0.5]]);
    }

    #[test]
    fn of_three_classes_each_has_its_logit() {
        let weights = Weights::from_parts(3, vec![1.0, 2.0, 3.0, 0.0, 0.0, -1.0], vec![0.0, 0.0, 1.0]).unwrap();
        assert_eq!(weights.logits(&features()).unwrap(), [[1.0, 2.0, 2.0], [0.0, 0.0, 1.0]]);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert!(Weights::from_parts(3, vec![0.0; 4], vec![0.0; 3]).is_err());
        assert!(Weights::from_parts(2, vec![0.0; 4], vec![0.0; 2]).is_err());
        assert!(Weights::from_parts(1, vec![], vec![]).is_err());
        assert!(Weights::from_parts(2, vec![0.0; 3], vec![0.0]).unwrap().logits(&features()).is_err());
    }
}
