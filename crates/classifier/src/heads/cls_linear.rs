//! `cls-linear` (the study's VA): a linear layer on BERT's pooled `[CLS]`, as in Hugging Face's
//! `BertForSequenceClassification`.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

pub(super) use super::linear::Head;
use super::{Draws, Features, Needs, Pooler, Sizes};

/// The source of the pooler's numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `pretrained`, whatever blocks are kept below the pooler, or `reinitialised`.
    pub pooler: Pooler,
}

impl Config {
    pub(super) fn check(&self) -> Result<(), String> {
        Ok(())
    }

    pub(super) fn needs(&self) -> Needs {
        Needs { pooler: Some(self.pooler), ..Needs::default() }
    }
}

pub(super) fn init(_: &Config, sizes: Sizes, draws: &Draws<'_>) -> Head {
    Head::new(sizes.hidden_size, sizes, draws)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    let Some(pooled) = features.encoded.pooled else { unreachable!("`needs` gives the encoder its pooler") };
    head.forward(pooled)
}
