//! Which test examples a run gets right, in an order that is the same for all runs.

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Result, bail, ensure};

/// Right or wrong for each example, sorted by the examples' ids.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcomes {
    correct: Vec<bool>,
    ids: u64,
}

impl Outcomes {
    /// From `(id, correct)` in any order; an id that comes twice is refused.
    pub(crate) fn new(mut examples: Vec<(String, bool)>) -> Result<Self> {
        ensure!(!examples.is_empty(), "there is no prediction");
        examples.sort_unstable();
        if let Some(pair) = examples.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            bail!("example `{}` is predicted twice", pair[0].0);
        }
        let mut ids = DefaultHasher::new();
        examples.iter().for_each(|(id, _)| id.hash(&mut ids));
        Ok(Outcomes { correct: examples.into_iter().map(|(_, correct)| correct).collect(), ids: ids.finish() })
    }

    pub(crate) fn len(&self) -> usize {
        self.correct.len()
    }

    pub(crate) fn accuracy(&self) -> f64 {
        let right = self.correct.iter().filter(|&&correct| correct).count();
        right as f64 / self.correct.len() as f64
    }

    /// Right or wrong, example by example.
    pub(crate) fn correct(&self) -> &[bool] {
        &self.correct
    }

    /// Whether both are about the same examples.
    pub(crate) fn pairs_with(&self, other: &Outcomes) -> bool {
        self.ids == other.ids && self.len() == other.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(examples: &[(&str, bool)]) -> Result<Outcomes> {
        Outcomes::new(examples.iter().map(|&(id, correct)| (id.to_owned(), correct)).collect())
    }

    #[test]
    fn order_in_the_file_does_not_matter_but_the_examples_do() {
        let a = outcomes(&[("a", true), ("b", false), ("c", true)]).unwrap();
        assert_eq!(a, outcomes(&[("c", true), ("a", true), ("b", false)]).unwrap());
        assert_eq!(a.accuracy(), 2.0 / 3.0);
        assert!(a.pairs_with(&outcomes(&[("a", false), ("b", false), ("c", false)]).unwrap()));
        assert!(!a.pairs_with(&outcomes(&[("a", true), ("b", false), ("d", true)]).unwrap()));
    }

    #[test]
    fn an_example_predicted_twice_is_refused() {
        let message = outcomes(&[("a", true), ("b", false), ("a", true)]).unwrap_err().to_string();
        assert_eq!(message, "example `a` is predicted twice");
    }
}
