//! Errors.

/// Arguments that do not fit together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A stored vocabulary is not sorted, or has an impossible weight.
    #[error("vocabulary: {0}")]
    Vocabulary(String),
    /// Rows of features are not sorted or too wide, or do not fit the weights.
    #[error("features: {0}")]
    Features(String),
    /// Labels do not fit the rows or the classes.
    #[error("labels: {0}")]
    Labels(String),
    /// Weights do not fit the features or the classes.
    #[error("weights: {0}")]
    Weights(String),
    /// `C` is not a positive number.
    #[error("`C` is {0}: it must be a number above 0")]
    Penalty(f64),
}
