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
    /// - `hidden`: `[B, P, H]`
    ///
    /// Returns `[B, H]`, from -1 to 1.
    pub fn forward(&self, hidden: Tensor<3>) -> Tensor<2> {
        let [b, _, h] = hidden.dims();
        let cls = hidden.slice([0..b, 0..1, 0..h]).reshape([b, h]);
        self.dense.forward(cls).tanh()
    }
}
