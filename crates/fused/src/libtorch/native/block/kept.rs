//! What a block keeps between forward and backward pass.

use std::sync::Arc;

use half::bf16;
use tch::{Kind, Tensor};

use super::super::memory::Numbers;
use super::super::workspace::{Lent, take};
use super::first;
use crate::{BlockOptions, Layout};

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) layout: Arc<Layout>,
    pub(super) options: BlockOptions,
    pub(super) weights: Weights,
    /// As it was given.
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

/// What attention read and made.
#[derive(Debug)]
pub(super) struct AllRows {
    pub(super) input: Lent,
    pub(super) projected: Lent,
    pub(super) context: Lent,
    pub(super) sums: Option<Lent>,
}

/// The first half's end: residual sum and LayerNorm.
#[derive(Debug)]
pub(super) struct Attended {
    pub(super) normalised: Option<Normalised>,
    /// Its result.
    pub(super) rounded: Lent,
}

/// The second half: two linear layers, residual sum, LayerNorm.
#[derive(Debug)]
pub(super) struct FeedForwardHalf {
    pub(super) intermediate: Lent,
    pub(super) normalised: Option<Normalised>,
}

/// The four matrices, rounded; queries', keys' and values' below each other.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) projections: Lent,
    pub(super) attention_output: Lent,
    pub(super) intermediate: Lent,
    pub(super) output: Lent,
}

/// What LayerNorm's gradient needs.
#[derive(Debug)]
pub(super) struct Normalised {
    pub(super) numbers: Lent,
    pub(super) scales: Lent,
}

impl Weights {
    pub(super) fn rounded(inputs: &[Tensor]) -> Self {
        let h = inputs[1].size()[0] as usize;
        let projections = take("projections", Kind::BFloat16, &[3 * h, h]);
        for (place, weight) in [&inputs[1], &inputs[3], &inputs[5]].into_iter().enumerate() {
            projections.narrow(0, (place * h) as i64, h as i64).copy_(weight);
        }
        let rounded = |name, weight: &Tensor| {
            let [rows, columns] = [0, 1].map(|axis| weight.size()[axis] as usize);
            let to = take(name, Kind::BFloat16, &[rows, columns]);
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
            numbers: take("normalised", Kind::BFloat16, &[rows, h]),
            scales: take("scales", Kind::Float, &[rows]),
        }
    }

    pub(super) fn places(&self) -> (Numbers<'_, bf16>, Numbers<'_, f32>) {
        (Numbers::of(&self.numbers), Numbers::of(&self.scales))
    }

    /// Those of a forward pass that a gradient follows.
    pub(super) fn kept(this: &Option<Self>) -> (Numbers<'_, bf16>, Numbers<'_, f32>) {
        let Some(this) = this else { unreachable!("`forward` makes `Kept` only where it keeps these") };
        this.places()
    }
}
