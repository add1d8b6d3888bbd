//! `mean-linear`: dropout, then a linear layer on the mean hidden state of the real tokens.
//!
//! With no blocks kept this is a bag of words: the mean of the token embeddings.

use bert::Linear;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Features, Sizes};

pub(super) const READS_POOLER: bool = false;

/// No options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The mean over positions, and a linear layer.
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
        let hidden = features.encoded.last(); // [B, P, H]
        let [b, _, h] = hidden.dims();
        let counts = features.real.clone().sum_dim(1); // [B, 1]
        let sum = (hidden * features.real.unsqueeze_dim(2)).sum_dim(1).reshape([b, h]);
        self.classifier.forward(self.dropout.forward(sum / counts))
    }
}
