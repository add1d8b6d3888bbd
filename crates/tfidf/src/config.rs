//! The definition of a term, and the weight of its count.

use serde::{Deserialize, Serialize};

/// Settings of a [`crate::Vectorizer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Words in the longest term: 1 takes words only, 2 also pairs of consecutive words.
    pub words_per_term: usize,
    /// Minimum number of documents with a term; rarer terms are dropped.
    pub min_documents: usize,
    /// Weigh a term that occurs `tf` times in a document by `1 + ln tf` instead of `tf`.
    pub sublinear: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { words_per_term: 2, min_documents: 2, sublinear: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fields_are_defaults_and_unknown_ones_are_refused() {
        let words: Config = serde_json::from_str(r#"{"words_per_term": 1}"#).unwrap();
        assert_eq!(words, Config { words_per_term: 1, ..Config::default() });
        assert!(serde_json::from_str::<Config>(r#"{"ngrams": 2}"#).is_err());
    }
}
