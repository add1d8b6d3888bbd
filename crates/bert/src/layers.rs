//! The two basic layers, laid out as Hugging Face stores them.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor};
use fused::{LinearWeights, NormWeights};

/// `x·Wᵀ + b`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`
    pub weight: Param<Tensor<2>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer whose numbers are not filled in yet.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Linear { weight: empty([outputs, inputs], device), bias: empty([outputs], device) }
    }

    /// # Shapes
    /// - `x`: `[rows, in]`
    ///
    /// Returns `[rows, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        fused::plain::linear(x, self.weights())
    }

    pub(crate) fn weights(&self) -> LinearWeights {
        LinearWeights { weight: self.weight.val(), bias: self.bias.val() }
    }
}

/// LayerNorm over the last axis (Ba et al. 2016).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[H]`
    pub gamma: Param<Tensor<1>>,
    /// `[H]`
    pub beta: Param<Tensor<1>>,
}

impl LayerNorm {
    /// A layer whose numbers are not filled in yet.
    pub fn new(size: usize, device: &Device) -> Self {
        LayerNorm { gamma: empty([size], device), beta: empty([size], device) }
    }

    /// # Shapes
    /// - `x`: `[rows, H]`
    ///
    /// Returns `[rows, H]`.
    pub fn forward(&self, x: Tensor<2>, epsilon: f64) -> Tensor<2> {
        fused::layer_norm(x, self.weights(), epsilon)
    }

    pub(crate) fn weights(&self) -> NormWeights {
        NormWeights { gamma: self.gamma.val(), beta: self.beta.val() }
    }
}

/// A parameter with a shape only; it reads as zeros until it is filled in.
pub fn empty<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    let zeros = move |device: &Device, require_grad: bool| Tensor::zeros(shape, device).set_require_grad(require_grad);
    Param::uninitialized(ParamId::new(), zeros, device.clone(), true, shape.into())
}
