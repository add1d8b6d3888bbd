//! tanh projection of `[CLS]`.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{Config, Linear};

/// What BERT was pretrained to summarise a sentence with, whatever blocks are kept below it.
#[derive(Module, Debug)]
pub struct Pooler {
    dense: Linear,
}

impl Pooler {
    /// A pooler whose numbers are still to be filled in.
    pub fn new(config: &Config, device: &Device) -> Self {
        Pooler { dense: Linear::new(config.hidden_size, config.hidden_size, device) }
    }

    /// # Shapes
    /// - `first`: `[B, H]`, the first row of each sequence
    ///
    /// Returns `[B, H]`, from -1 to 1.
    pub fn forward(&self, first: Tensor<2>) -> Tensor<2> {
        self.dense.forward(first).tanh()
    }
}
