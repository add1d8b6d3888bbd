//! The kinds of models, and the names that models have. No other place decides which kind a name means.

/// The model that `fetch` embeds, so that it never lies in a folder of the user's.
pub const EMBEDDED_MODEL: &str = "sample-bert";

/// The models that `fetch` and make know by a short name, and the repository of each on the Hugging Face hub.
pub const KNOWN_MODELS: [(&str, &str); 3] = [
    ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
    ("bert-base-cased", "google-bert/bert-base-cased"),
    ("bert-base-uncased", "google-bert/bert-base-uncased"),
];

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
