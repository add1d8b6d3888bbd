//! The kinds of models. No other place decides which one a name means.

/// The kind of model that a configuration describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// An encoder, or a table of embeddings, with a head on top.
    Network,
    /// TF-IDF and logistic regression, which have no head.
    TfIdf,
}

impl ModelKind {
    /// The name of [`ModelKind::TfIdf`]: `kind` of a row's `model`, and `model_type` of a saved model.
    pub const TF_IDF: &str = "tf-idf";

    /// The kind of model called `name`; every other name is that of a head or a family, and so of a network.
    pub fn named(name: &str) -> Self {
        if name == Self::TF_IDF { ModelKind::TfIdf } else { ModelKind::Network }
    }
}
