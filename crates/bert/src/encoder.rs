//! The kept blocks in order; every hidden state on request.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use fused::plain::rows_at;
use fused::{Layout, Precision};

use crate::{Block, Config, Embeddings, Family, Pooler, TokenInput};

/// Embeddings, the kept blocks in ascending order, and the pooler if the head reads it.
#[derive(Module, Debug)]
pub struct Encoder {
    embeddings: Embeddings,
    blocks: Vec<Block>,
    pooler: Option<Pooler>,
    #[module(skip)]
    family: &'static Family,
}

/// How a batch passes through the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PassOptions {
    /// Number format of the blocks' matrix products.
    pub precision: Precision,
    /// Share of hidden states and attention weights set to zero, on a device with autodiff only.
    pub dropout: f64,
    /// How many layers from the input on, the embedding layer being the first, get no gradient and are not recorded.
    pub frozen_layers: usize,
    /// Whether something reads the hidden states of padding positions. The padding token's word vector gets no
    /// gradient from them, as in Hugging Face (`padding_idx`); otherwise none can reach it.
    pub reads_padding: bool,
    /// Whether nothing is read but what the pooler makes, if there is one: then the last block computes the first row of
    /// each sequence only, and no hidden state is kept.
    pub cls_only: bool,
    /// Whether what each block reads is kept even so.
    pub keep_hidden_states: bool,
}

/// What an encoder makes of a batch.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// `[R, H]` each: the embedding output, then every kept block's output; none where they are only pooled.
    pub hidden_states: Vec<Tensor<2>>,
    /// `[B, H]`, if the encoder has a pooler.
    pub pooled: Option<Tensor<2>>,
}

impl Encoder {
    /// An encoder of `depth` blocks whose numbers are still to be filled in.
    pub fn new(config: &Config, depth: usize, with_pooler: bool, device: &Device) -> Self {
        Encoder {
            embeddings: Embeddings::new(config, device),
            blocks: (0..depth).map(|_| Block::new(config, device)).collect(),
            pooler: with_pooler.then(|| Pooler::new(config, device)),
            family: config.family(),
        }
    }

    /// # Shapes
    /// - `words`: those of the sequences of `layout` one behind the other, such as their ids, `[R]`
    /// - `positions`: `[R]`, where each token stands in its sequence
    pub fn forward(
        &self,
        words: impl Into<TokenInput>,
        positions: Tensor<1, Int>,
        layout: &Arc<Layout>,
        pass: PassOptions,
    ) -> Encoded {
        let mut top = passed(0, &self.embeddings, pass, |layer| layer.forward(words.into(), positions, layout, pass));
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

    /// What sets the encoder apart from others.
    pub fn family(&self) -> &'static Family {
        self.family
    }

    /// The kept blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// Run a layer; one that is frozen without its gradients, so that nothing is kept for a backward pass.
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
