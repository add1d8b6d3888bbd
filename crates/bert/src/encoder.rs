//! The kept blocks in order; every hidden state on request.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use fused::plain::rows_at;
use fused::{Layout, Precision};

use crate::{Block, Config, Embeddings, Family, Pooler, TokenInput};

/// Embeddings, the kept blocks in ascending order, and the pooler if the head needs it.
#[derive(Module, Debug)]
pub struct Encoder {
    embeddings: Embeddings,
    blocks: Vec<Block>,
    pooler: Option<Pooler>,
    #[module(skip)]
    family: &'static Family,
}

/// The options of a pass through the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PassOptions {
    /// Number format of the blocks' matrix products.
    pub precision: Precision,
    /// Dropout on hidden states and attention weights, on a device with autodiff only.
    pub dropout: f64,
    /// Number of layers from the input on, the embedding layer included, without gradients and recording.
    pub frozen_layers: usize,
    /// Whether the padding id is among the batch's words. If so, no gradient reaches its word vector, as in Hugging Face
    /// (`padding_idx`).
    pub holds_padding: bool,
    /// Whether only the pooler's output is read, if there is a pooler: the last block then computes only the first row
    /// of each sequence, and no hidden state is kept.
    pub cls_only: bool,
    /// Whether the input of each block is kept even so.
    pub keep_hidden_states: bool,
}

/// The output of an encoder.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// `[R, H]` each: the embedding output, then every kept block's output; empty if only the pooler's output is read.
    pub hidden_states: Vec<Tensor<2>>,
    /// `[B, H]`, if the encoder has a pooler.
    pub pooled: Option<Tensor<2>>,
}

impl Encoder {
    /// An encoder of `depth` blocks whose numbers are not filled in yet.
    pub fn new(config: &Config, depth: usize, with_pooler: bool, device: &Device) -> Self {
        Encoder {
            embeddings: Embeddings::new(config, device),
            blocks: (0..depth).map(|_| Block::new(config, device)).collect(),
            pooler: with_pooler.then(|| Pooler::new(config, device)),
            family: config.family(),
        }
    }

    /// # Shapes
    /// - `words`: ids (`[R]`) or vectors of the sequences of `layout`, one after the other
    /// - `positions`: `[R]`, the position of each token in its sequence
    pub fn forward(
        &self,
        words: impl Into<TokenInput>,
        positions: Tensor<1, Int>,
        layout: &Arc<Layout>,
        pass: PassOptions,
    ) -> Encoded {
        let mut top = passed(0, &self.embeddings, pass, |layer| layer.forward(words.into(), positions, pass));
        let cls_only = pass.cls_only && self.pooler.is_some();
        let mut hidden_states = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let first_only = cls_only && index + 1 == self.blocks.len();
            hidden_states.extend((!cls_only || pass.keep_hidden_states).then(|| top.clone()));
            top = passed(index + 1, block, pass, |block| block.forward(top, layout, pass, first_only));
        }
        hidden_states.extend((!cls_only).then(|| top.clone()));
        let is_first = cls_only && !self.blocks.is_empty(); // [B, H]
        let first = || if is_first { top } else { rows_at(top, &layout.starts()) };
        let pooled = self.pooler.as_ref().map(|pooler| pooler.forward(first()));
        Encoded { hidden_states, pooled }
    }

    /// The first layer.
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// The family's properties.
    pub fn family(&self) -> &'static Family {
        self.family
    }

    /// The kept blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// Run a layer; a frozen layer runs without gradients, so that nothing is kept for a backward pass.
fn passed<M: Module>(index: usize, layer: &M, pass: PassOptions, run: impl FnOnce(&M) -> Tensor<2>) -> Tensor<2> {
    if index < pass.frozen_layers { run(&layer.clone().no_grad()) } else { run(layer) }
}

impl Encoded {
    /// `[R, H]`: the output of the last kept block, or of the embeddings if none is kept.
    ///
    /// # Panics
    /// If the pass was [`PassOptions::cls_only`].
    pub fn last(&self) -> Tensor<2> {
        self.hidden_states[self.hidden_states.len() - 1].clone()
    }
}
