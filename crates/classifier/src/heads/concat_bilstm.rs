//! `concat-bilstm` (the study's LC): an LSTM over the embedding output and every block's output, side by side.

use burn::tensor::Tensor;

pub(super) use super::recurrent::{Options as Config, Recurrent as Head};
use super::{Draws, Features, Sizes};

pub(super) fn init(config: &Config, sizes: Sizes, draws: &Draws<'_>) -> Head {
    Head::new(config, (sizes.depth + 1) * sizes.hidden_size, sizes, draws)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    head.forward(Tensor::cat(features.encoded.hidden_states, 1), &features.layout) // [R, (K+1)·H]
}
