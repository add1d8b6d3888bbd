//! `flatten-linear` (the study's VF): a linear layer on all hidden states side by side, padding positions zero.

use burn::tensor::{Device, Tensor};

pub(super) use super::linear::{Head, NoOptions as Config};
use super::{Features, Sizes};

/// A weight for every number of every position, up to the limit that the data were cut to.
pub(super) fn init(_: &Config, sizes: Sizes, device: &Device) -> Head {
    Head::new(sizes.positions * sizes.hidden_size, sizes, device)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    let hidden = features.encoded.last(); // [B, P, H]
    let [b, p, h] = hidden.dims();
    head.forward((hidden * features.real.unsqueeze_dim(2)).reshape([b, p * h]))
}
