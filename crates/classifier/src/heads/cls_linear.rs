//! `cls-linear` (the study's VA): dropout, then a linear layer on BERT's pooled `[CLS]`.

use bert::Linear;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Features, Sizes};

pub(super) const READS_POOLER: bool = true;

/// No options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The head Hugging Face's `BertForSequenceClassification` has.
#[derive(Module, Debug)]
pub struct Head {
    dropout: Dropout,
    classifier: Linear,
}

impl Config {
    pub(super) fn init(&self, sizes: Sizes, device: &Device) -> Head {
        let classifier = Linear::new(sizes.hidden_size, sizes.classes, device);
        Head { dropout: DropoutConfig::new(sizes.dropout).init(), classifier }
    }
}

impl Head {
    pub(super) fn forward(&self, features: Features) -> Tensor<2> {
        let Some(pooled) = features.encoded.pooled else { unreachable!("READS_POOLER gives the encoder its pooler") };
        self.classifier.forward(self.dropout.forward(pooled))
    }
}
