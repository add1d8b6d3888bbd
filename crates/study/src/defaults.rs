//! What a study file need not say: the one place of every default. `[defaults]` and the rows of the file come first.
//!
//! The numbers are the usual ones for fine-tuning BERT (Devlin et al. 2019, appendix A.3: 2 to 4 epochs, rates of 2e-5 to 5e-5,
//! dropout 0.1), with a batch of 32 and a larger rate for the head, which is new.

use serde_json::json;

use crate::{Blocks, Component, ModelKind, Weights};

const EPOCHS: usize = 3;
/// TF-IDF is fitted once for each strength of the penalty, which takes seconds.
const STRENGTHS: usize = 10;
pub(crate) const BATCH_SIZE: usize = 32;
pub(crate) const DROPOUT: f64 = 0.1;

const HEAD_LEARNING_RATE: f64 = 1e-3;
const PRETRAINED_LEARNING_RATE: f64 = 3e-5;
/// Weights that were drawn have everything still to learn.
const RANDOM_LEARNING_RATE: f64 = 5e-4;

/// Three, because the verdict needs to know how much seeds differ.
pub(crate) fn seeds() -> Vec<u64> {
    vec![1, 2, 3]
}

/// A user's own texts.
pub(crate) fn dataset() -> String {
    "jsonl".to_owned()
}

pub(crate) fn max_seq_length() -> usize {
    256
}

pub(crate) fn validation() -> f64 {
    0.1
}

pub(crate) fn test() -> f64 {
    0.2
}

pub(crate) fn head_share() -> f64 {
    0.5
}

/// The least value of a whole number.
pub(crate) fn least(setting: &str) -> usize {
    match setting {
        "epochs" | "batch_size" | "gradient_accumulation_steps" | "train_examples" | "test_examples" => 1,
        "max_seq_length" => 3, // `[CLS]`, a token, `[SEP]`
        _ => 0,
    }
}

/// All blocks; TF-IDF has none.
pub(crate) fn blocks(kind: ModelKind) -> Blocks {
    Blocks::new(match kind {
        ModelKind::Network => "every:1",
        ModelKind::TfIdf => "none",
    })
}

/// Without blocks nothing was gathered in `[CLS]`, and the mean over the tokens is the plain choice.
pub(crate) fn head(blocks: &Blocks) -> Component {
    Component::new(if blocks.is_none() { "mean-linear" } else { "cls-linear" })
}

pub(crate) fn epochs(kind: ModelKind) -> usize {
    match kind {
        ModelKind::Network => EPOCHS,
        ModelKind::TfIdf => STRENGTHS,
    }
}

/// AdamW, slow where weights are pretrained; Newton's method for TF-IDF; Adam where all embeddings are the classifier's own.
pub(crate) fn optimizer(kind: ModelKind, embeddings: &Component, weights: Weights) -> Component {
    let rate = if weights == Weights::Pretrained { PRETRAINED_LEARNING_RATE } else { RANDOM_LEARNING_RATE };
    match (kind, embeddings.kind.as_str()) {
        (ModelKind::TfIdf, _) => Component::new("newton"),
        (ModelKind::Network, "table") => Component::with("adam", [("learning_rate", json!(HEAD_LEARNING_RATE))]),
        _ => Component::with(
            "adamw",
            [("encoder_learning_rate", json!(rate)), ("head_learning_rate", json!(HEAD_LEARNING_RATE))],
        ),
    }
}

pub(crate) fn embeddings() -> Component {
    Component::new("pretrained")
}

pub(crate) fn schedule() -> Component {
    Component::new("constant")
}

pub(crate) fn gradient_accumulation_steps() -> usize {
    1
}
