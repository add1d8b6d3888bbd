//! The data that a block keeps between forward and backward pass.

use std::sync::Arc;

use half::bf16;
use tch::{Kind, Tensor};

use super::super::memory::Numbers;
use super::super::workspace::{Scratch, borrow};
use super::first;
use crate::{BlockOptions, Layout};

/// The input of the backward pass.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) layout: Arc<Layout>,
    pub(super) options: BlockOptions,
    pub(super) weights: Weights,
    /// The options of the forward pass.
    pub(super) intermediate_bias: Tensor,
    /// As they were given: the first half's and the second's.
    pub(super) gammas: [Tensor; 2],
    pub(super) attention: AttentionHalf,
    pub(super) attended: Attended,
    pub(super) feed_forward: FeedForwardHalf,
}

/// The first half's attention: of all rows, or of the first row of each sequence.
#[derive(Debug)]
pub(super) enum AttentionHalf {
    All(AllRows),
    First(first::FirstRows),
}

/// The inputs and results of attention.
#[derive(Debug)]
pub(super) struct AllRows {
    pub(super) input: Scratch,
    pub(super) projected: Scratch,
    pub(super) context: Scratch,
    pub(super) sums: Option<Scratch>,
}

/// The end of the first half: residual sum and LayerNorm.
#[derive(Debug)]
pub(super) struct Attended {
    pub(super) normalised: Option<Normalised>,
    /// Its result.
    pub(super) rounded: Scratch,
}

/// The second half: two linear layers, residual sum, LayerNorm.
#[derive(Debug)]
pub(super) struct FeedForwardHalf {
    pub(super) intermediate: Scratch,
    pub(super) normalised: Option<Normalised>,
}

/// The four matrices, rounded; those of queries, keys and values are stacked.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) projections: Scratch,
    pub(super) attention_output: Scratch,
    pub(super) intermediate: Scratch,
    pub(super) output: Scratch,
}

/// The input of LayerNorm's gradient.
#[derive(Debug)]
pub(super) struct Normalised {
    pub(super) numbers: Scratch,
    pub(super) scales: Scratch,
}

impl Weights {
    pub(super) fn rounded(inputs: &[Tensor]) -> Self {
        let h = inputs[1].size()[0] as usize;
        let projections = borrow("projections", Kind::BFloat16, &[3 * h, h]);
        for (place, weight) in [&inputs[1], &inputs[3], &inputs[5]].into_iter().enumerate() {
            projections.narrow(0, (place * h) as i64, h as i64).copy_(weight);
        }
        let rounded = |name, weight: &Tensor| {
            let [rows, columns] = [0, 1].map(|axis| weight.size()[axis] as usize);
            let to = borrow(name, Kind::BFloat16, &[rows, columns]);
            to.shallow_clone().copy_(weight);
            to
        };
        Weights {
            projections,
            attention_output: rounded("attention weights", &inputs[7]),
            intermediate: rounded("intermediate weights", &inputs[11]),
            output: rounded("output weights", &inputs[13]),
        }
    }
}

impl Normalised {
    pub(super) fn new(rows: usize, h: usize) -> Self {
        Normalised {
            numbers: borrow("normalised", Kind::BFloat16, &[rows, h]),
            scales: borrow("scales", Kind::Float, &[rows]),
        }
    }

    pub(super) fn places(&self) -> (Numbers<'_, bf16>, Numbers<'_, f32>) {
        (Numbers::of(&self.numbers), Numbers::of(&self.scales))
    }

    /// The data of a forward pass with a gradient.
    pub(super) fn kept(this: &Option<Self>) -> (Numbers<'_, bf16>, Numbers<'_, f32>) {
        let Some(this) = this else { unreachable!("`forward` makes `Kept` only where it keeps these") };
        this.places()
    }
}
