//! The last layers of every head: dropout, then a linear layer.

use bert::Linear;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use fused::LinearWeights;
use serde::{Deserialize, Serialize};

use super::{Draws, Needs, Sizes};

/// A head without options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

impl NoOptions {
    pub(super) fn check(&self) -> Result<(), String> {
        Ok(())
    }

    pub(super) fn needs(&self) -> Needs {
        Needs::default()
    }
}

/// Dropout, then a linear layer.
#[derive(Module, Debug)]
pub struct Head {
    dropout: Dropout,
    classifier: Linear,
}

impl Head {
    /// A layer over `inputs` numbers.
    pub(super) fn new(inputs: usize, sizes: Sizes, draws: &Draws<'_>) -> Self {
        let dropout = DropoutConfig::new(sizes.dropout).init();
        Head { dropout, classifier: draws.linear("classifier", inputs, sizes.classes) }
    }

    /// `x` may lack the last inputs: they count as zeros, and the product leaves their weights out.
    ///
    /// # Shapes
    /// - `x`: `[B, inputs]`
    ///
    /// Returns `[B, C]`.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = (self.classifier.weight.val(), self.classifier.bias.val());
        let ([classes, inputs], given) = (weight.dims(), x.dims()[1]);
        let weight = if given < inputs { weight.slice([0..classes, 0..given]) } else { weight };
        fused::plain::linear(self.dropout.forward(x), LinearWeights { weight, bias })
    }
}
