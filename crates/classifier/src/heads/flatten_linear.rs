//! `flatten-linear` (the study's VF): a linear layer on all hidden states side by side, padding positions zero.

use burn::tensor::Tensor;
use fused::plain::{real, to_grid};

pub(super) use super::linear::{Head, NoOptions as Config};
use super::{Draws, Features, Sizes};

/// The layer has a weight for every number of every position, up to the truncation limit.
pub(super) fn init(_: &Config, sizes: Sizes, draws: &Draws<'_>) -> Head {
    Head::new(sizes.positions * sizes.hidden_size, sizes, draws)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    let grid = to_grid(features.encoded.last(), &features.layout); // [B, P, H]
    let [b, p, h] = grid.dims();
    let real = real(&features.layout, &grid.device());
    head.forward((grid * real).reshape([b, p * h]))
}
