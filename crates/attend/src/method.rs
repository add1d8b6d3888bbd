//! The ways to weigh the tokens of a text.

use clap::ValueEnum;
use serde::Serialize;

/// One weight for each token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    /// Attention from one token in a kept block, in one attention head or on average.
    Attention {
        /// Index among the kept blocks.
        block: usize,
        /// `None` is the mean over all attention heads.
        head: Option<usize>,
    },
    /// Attention through all kept blocks.
    Rollout,
    /// Gradient × input.
    GradientInput,
    /// Integrated gradients.
    IntegratedGradients,
}

/// The methods by their names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MethodName {
    /// Attention from `[CLS]` in the first kept block, mean over attention heads
    FirstLayer,
    /// Attention from `[CLS]` in the last kept block, mean over attention heads
    LastLayer,
    /// Attention from `[CLS]` in --block, mean over attention heads
    Layer,
    /// Attention from `[CLS]` in one --head of one --block
    Head,
    /// Attention from token --query in one --head of one --block
    Custom,
    /// Attention through all kept blocks (Abnar & Zuidema 2020)
    Rollout,
    /// Gradient of the predicted class's log-odds × the token's embedding
    GradientInput,
    /// The gradient, integrated from `[PAD]` to the token (Sundararajan et al. 2017)
    IntegratedGradients,
}

/// A kept block with both of its indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Block {
    /// Index among the kept blocks, from 0.
    pub(crate) kept: usize,
    /// Index in the pretrained model, from 0.
    pub(crate) pretrained: usize,
}

impl Method {
    /// Name for a reader, for a model that keeps these pretrained `blocks`.
    pub(crate) fn name(self, blocks: &[usize]) -> String {
        match self {
            Method::Attention { block, head } => {
                let pretrained = blocks.get(block).copied().unwrap_or(block);
                let heads =
                    head.map_or("mean over attention heads".to_owned(), |head| format!("attention head {head}"));
                format!("block {block} of 0–{} (pretrained block {pretrained}), {heads}", blocks.len() - 1)
            }
            Method::Rollout => "attention rollout".to_owned(),
            Method::GradientInput => "gradient × input".to_owned(),
            Method::IntegratedGradients => "integrated gradients".to_owned(),
        }
    }

    /// Whether it reads the classifier's answer; attention needs the encoder alone.
    pub(crate) fn needs_answer(self) -> bool {
        matches!(self, Method::GradientInput | Method::IntegratedGradients)
    }

    /// Whether it is attention in kept block `asked`.
    pub(crate) fn is_in_block(self, asked: usize) -> bool {
        matches!(self, Method::Attention { block, .. } if block == asked)
    }
}
