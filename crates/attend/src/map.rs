//! The weights that can be shown of one text.

use serde::Serialize;

/// One weight for each token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Map {
    /// What one token attends to in a kept block, in one attention head or on average.
    Attention {
        /// Place among the kept blocks.
        block: usize,
        /// Nothing is the mean over all.
        head: Option<usize>,
    },
    /// Attention through all kept blocks.
    Rollout,
    /// Gradient × input.
    GradientInput,
    /// Integrated gradients.
    IntegratedGradients,
}

/// A kept block by both of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Block {
    /// Place among the kept blocks, from 0.
    pub(crate) kept: usize,
    /// Place in the pretrained model, from 0.
    pub(crate) pretrained: usize,
}

impl Map {
    /// In words, for a model that keeps these pretrained `blocks`.
    pub(crate) fn name(self, blocks: &[usize]) -> String {
        match self {
            Map::Attention { block, head } => {
                let pretrained = blocks.get(block).copied().unwrap_or(block);
                let heads =
                    head.map_or("mean over attention heads".to_owned(), |head| format!("attention head {head}"));
                format!("block {block} of 0–{} (pretrained block {pretrained}), {heads}", blocks.len() - 1)
            }
            Map::Rollout => "attention rollout".to_owned(),
            Map::GradientInput => "gradient × input".to_owned(),
            Map::IntegratedGradients => "integrated gradients".to_owned(),
        }
    }

    /// Whether it speaks of the answer, and not of the encoder alone.
    pub(crate) fn is_of_the_answer(self) -> bool {
        matches!(self, Map::GradientInput | Map::IntegratedGradients)
    }
}
