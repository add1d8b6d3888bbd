//! Projection of the first token, with tanh in BERT.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::family::PoolerActivation;
use crate::{Config, Linear};

/// The layer with which BERT was pretrained to summarise a sentence; it is the same for any kept blocks.
#[derive(Module, Debug)]
pub struct Pooler {
    dense: Linear,
    #[module(skip)]
    activation: PoolerActivation,
}

impl Pooler {
    /// A pooler whose numbers are not filled in yet.
    pub fn new(config: &Config, device: &Device) -> Self {
        let dense = Linear::new(config.hidden_size, config.hidden_size, device);
        Pooler { dense, activation: config.family().pooler }
    }

    /// # Shapes
    /// - `first`: `[B, H]`, the first row of each sequence
    ///
    /// Returns `[B, H]`.
    pub fn forward(&self, first: Tensor<2>) -> Tensor<2> {
        let projected = self.dense.forward(first);
        match self.activation {
            PoolerActivation::Tanh => projected.tanh(),
            PoolerActivation::Of(activation) => fused::plain::activate(projected, activation),
        }
    }
}
