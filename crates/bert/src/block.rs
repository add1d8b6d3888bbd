//! Attention + feed-forward, post-norm.

use std::ops::Range;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use fused::{Activation, BlockOptions, BlockWeights, Layout, plain};

use crate::encoder::PassOptions;
use crate::{Config, LayerNorm, Linear};

/// One transformer block.
#[derive(Module, Debug)]
pub struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
    #[module(skip)]
    num_attention_heads: usize,
    #[module(skip)]
    layer_norm_eps: f64,
    #[module(skip)]
    activation: Activation,
}

impl Block {
    /// A block whose numbers are not filled in yet.
    pub fn new(config: &Config, device: &Device) -> Self {
        let (h, i) = (config.hidden_size, config.intermediate_size);
        let square = || Linear::new(h, h, device);
        Block {
            query: square(),
            key: square(),
            value: square(),
            attention_output: square(),
            attention_norm: LayerNorm::new(h, device),
            intermediate: Linear::new(h, i, device),
            output: Linear::new(i, h, device),
            output_norm: LayerNorm::new(h, device),
            num_attention_heads: config.num_attention_heads,
            layer_norm_eps: config.layer_norm_eps,
            activation: config.activation(),
        }
    }

    /// # Shapes
    /// - `hidden`: `[R, H]`, the sequences of `layout` one after the other
    ///
    /// Returns `[R, H]`, or with `first_only` the first row of each sequence, `[B, H]`.
    pub fn forward(&self, hidden: Tensor<2>, layout: &Arc<Layout>, pass: PassOptions, first_only: bool) -> Tensor<2> {
        let Block { num_attention_heads, layer_norm_eps, activation, .. } = *self;
        let PassOptions { precision, dropout, .. } = pass;
        let options = BlockOptions { num_attention_heads, layer_norm_eps, activation, precision, dropout, first_only };
        fused::block(hidden, layout, self.weights(), options)
    }

    /// The attention weights of some positions of one sequence, in fp32 and without dropout.
    ///
    /// # Shapes
    /// - `hidden`: `[P, H]`, the input of the block
    /// - `queries`: Q of the P positions
    ///
    /// Returns `[N, Q, P]`: for each attention head and query position the weights of all keys, which sum to 1.
    pub fn attention_weights(&self, hidden: Tensor<2>, queries: Range<usize>) -> Tensor<3> {
        let n = self.num_attention_heads;
        let per_head = |layer: &Linear, rows: Tensor<2>| plain::per_head(layer.forward(rows).unsqueeze_dim(0), n);
        let asking = hidden.clone().slice_dim(0, queries);
        plain::attention_weights(per_head(&self.query, asking), per_head(&self.key, hidden), None).squeeze_dim(0)
    }

    fn weights(&self) -> BlockWeights {
        BlockWeights {
            query: self.query.weights(),
            key: self.key.weights(),
            value: self.value.weights(),
            attention_output: self.attention_output.weights(),
            attention_norm: self.attention_norm.weights(),
            intermediate: self.intermediate.weights(),
            output: self.output.weights(),
            output_norm: self.output_norm.weights(),
        }
    }
}
