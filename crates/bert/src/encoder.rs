//! The kept blocks in order; every hidden state on request.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use fused::Precision;

use crate::{Block, Config, Embeddings, Pooler};

/// Embeddings, the kept blocks in ascending order, and the pooler if the head reads it.
#[derive(Module, Debug)]
pub struct Encoder {
    embeddings: Embeddings,
    blocks: Vec<Block>,
    pooler: Option<Pooler>,
}

/// What an encoder makes of a batch.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// `[B, P, H]` each: the embedding output, then every kept block's output.
    pub hidden_states: Vec<Tensor<3>>,
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
        }
    }

    /// # Shapes
    /// - `input_ids`: `[B, P]`
    /// - `mask`: `[B, 1, 1, P]`, 0 at real tokens and a large negative number at padding
    pub fn forward(&self, input_ids: Tensor<2, Int>, mask: Option<Tensor<4>>, precision: Precision) -> Encoded {
        let mut hidden_states = vec![self.embeddings.forward(input_ids)];
        for block in &self.blocks {
            let below = hidden_states[hidden_states.len() - 1].clone();
            hidden_states.push(block.forward(below, mask.clone(), precision));
        }
        let top = hidden_states[hidden_states.len() - 1].clone();
        let pooled = self.pooler.as_ref().map(|pooler| pooler.forward(top));
        Encoded { hidden_states, pooled }
    }
}

impl Encoded {
    /// `[B, P, H]`: the output of the last kept block, or of the embeddings if none is kept.
    pub fn last(&self) -> Tensor<3> {
        self.hidden_states[self.hidden_states.len() - 1].clone()
    }
}
