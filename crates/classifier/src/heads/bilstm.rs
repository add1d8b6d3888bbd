//! `bilstm` (the study's LV, and LBD with the last blocks): an LSTM over the whole sequence.

use burn::tensor::Tensor;

pub(super) use super::recurrent::{Options as Config, Recurrent as Head};
use super::{Draws, Features, Sizes};

pub(super) fn init(config: &Config, sizes: Sizes, draws: &Draws<'_>) -> Head {
    Head::new(config, sizes.hidden_size, sizes, draws)
}

pub(super) fn forward(head: &Head, features: Features) -> Tensor<2> {
    head.forward(features.encoded.last(), &features.layout)
}
