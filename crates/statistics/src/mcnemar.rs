//! McNemar's test of two models on the same examples.

use statrs::distribution::{Binomial, DiscreteCDF};

/// The exact two-sided p value (McNemar 1947, Psychometrika 12:153; as statsmodels has it): of the examples that just one
/// of both gets right, how surprising is such a split if each side is as likely? `2 · P(X ≤ min(b, c))` with
/// X ~ Binomial(b + c, 1/2), at most 1; 1 where the models never differ.
pub fn mcnemar(one: &[bool], other: &[bool]) -> f64 {
    let pairs = || one.iter().zip(other);
    let (b, c) = (pairs().filter(|(a, b)| **a && !**b).count(), pairs().filter(|(a, b)| !**a && **b).count());
    match Binomial::new(0.5, (b + c) as u64) {
        Ok(even) if b + c > 0 => (2.0 * even.cdf(b.min(c) as u64)).min(1.0),
        _ => 1.0,
    }
}

/// How surprising it is that `one` is better by so much, if it is not: `P(X ≤ c)`, where c examples are right in `other` only.
pub fn one_sided(one: &[bool], other: &[bool]) -> f64 {
    let pairs = || one.iter().zip(other);
    let (b, c) = (pairs().filter(|(a, b)| **a && !**b).count(), pairs().filter(|(a, b)| !**a && **b).count());
    Binomial::new(0.5, (b + c) as u64).map_or(1.0, |even| if b + c > 0 { even.cdf(c as u64) } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::{mcnemar, one_sided};

    #[test]
    fn only_examples_on_which_they_differ_count() {
        let (one, other) = ([true, true, true, true, false], [true, false, false, false, false]);
        assert!((mcnemar(&one, &other) - 0.25).abs() < 1e-12, "three to nothing: 2 · (1/2)³");
        assert!((mcnemar(&other, &one) - 0.25).abs() < 1e-12);
        assert!((one_sided(&one, &other) - 0.125).abs() < 1e-12 && (one_sided(&other, &one) - 1.0).abs() < 1e-12);
        assert_eq!([mcnemar(&one, &one), one_sided(&one, &one)], [1.0; 2]);
        assert_eq!(mcnemar(&[true, false], &[false, true]), 1.0);
    }
}
