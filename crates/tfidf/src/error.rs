//! What is wrong with what one was given.

/// Parts that do not fit together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A stored vocabulary is not one that [`crate::Vectorizer::fit`] makes.
    #[error("vocabulary: {0}")]
    Vocabulary(String),
    /// Rows of features that are no matrix, or not of the width of the weights.
    #[error("features: {0}")]
    Features(String),
    /// Labels that do not belong to the rows or to the classes.
    #[error("labels: {0}")]
    Labels(String),
    /// Weights that do not belong to the features or to the classes.
    #[error("weights: {0}")]
    Weights(String),
    /// `C` is not a positive number.
    #[error("`C` is {0}: it must be a number above 0")]
    Penalty(f64),
}
