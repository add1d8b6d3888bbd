//! `mean-linear`: a linear layer on the mean hidden state of the real tokens.
//!
//! With no blocks kept this is a bag of words: the mean of the token embeddings.

use burn::tensor::Tensor;
use fused::plain::{real, to_grid};

pub(super) use super::linear::{Head, NoOptions as Config};
use super::{Draws, Features, Sizes};

pub(super) fn init(_: &Config, sizes: Sizes, draws: &Draws<'_>) -> Head {
    Head::new(sizes.hidden_size, sizes, draws)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    let grid = to_grid(features.encoded.last(), &features.layout); // [B, P, H]
    let real = real(&features.layout, &grid.device()); // [B, P, 1]
    let mean = (grid * real.clone()).sum_dim(1) / real.sum_dim(1); // [B, 1, H]
    head.forward(mean.squeeze_dim(1))
}
