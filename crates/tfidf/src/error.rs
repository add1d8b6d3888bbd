//! Errors.

/// Arguments that do not fit together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A stored vocabulary is not sorted, or has an impossible weight.
    #[error("vocabulary: {0}")]
    Vocabulary(String),
    /// No term is in enough documents.
    #[error(
        "no term is in `min_documents` = {min_documents} of the {n_documents} train texts; lower `min_documents` of the model `tf-idf`, or give more texts"
    )]
    NoTerms {
        /// The documents that a term has to be in.
        min_documents: usize,
        /// The documents that there are.
        n_documents: usize,
    },
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
