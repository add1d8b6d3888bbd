//! `mean-linear`: a linear layer on the mean hidden state of the real tokens.
//!
//! With no blocks kept this is a bag of words: the mean of the token embeddings.

use burn::tensor::{Device, Tensor};

pub(super) use super::linear::{Head, NoOptions as Config};
use super::{Features, Sizes};

pub(super) fn init(_: &Config, sizes: Sizes, device: &Device) -> Head {
    Head::new(sizes.hidden_size, sizes, device)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    let hidden = features.encoded.last(); // [B, P, H]
    let [b, _, h] = hidden.dims();
    let counts = features.real.clone().sum_dim(1); // [B, 1]
    let sum = (hidden * features.real.unsqueeze_dim(2)).sum_dim(1).reshape([b, h]);
    head.forward(sum / counts)
}
