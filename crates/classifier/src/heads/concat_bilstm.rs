//! `concat-bilstm` (the study's LC): an LSTM over the embedding output and every block's output, side by side.

use burn::tensor::{Device, Tensor};

pub(super) use super::recurrent::{Options as Config, Recurrent as Head};
use super::{Features, Sizes};

pub(super) fn init(config: &Config, sizes: Sizes, device: &Device) -> Head {
    Head::new(config, (sizes.depth + 1) * sizes.hidden_size, sizes, device)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    head.forward(Tensor::cat(features.encoded.hidden_states, 1), &features.layout) // [R, (K+1)·H]
}
