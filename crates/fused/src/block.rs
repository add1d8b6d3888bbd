//! One transformer block, as one operation where LibTorch is the engine.

use burn::tensor::Tensor;

/// A linear layer's numbers, laid out as Hugging Face stores them.
#[derive(Debug, Clone)]
pub struct LinearWeights {
    /// `[out, in]`
    pub weight: Tensor<2>,
    /// `[out]`
    pub bias: Tensor<1>,
}

/// A LayerNorm's numbers.
#[derive(Debug, Clone)]
pub struct NormWeights {
    /// `[H]`
    pub gamma: Tensor<1>,
    /// `[H]`
    pub beta: Tensor<1>,
}

/// All numbers of one block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// `[H, H]`
    pub query: LinearWeights,
    /// `[H, H]`
    pub key: LinearWeights,
    /// `[H, H]`
    pub value: LinearWeights,
    /// `[H, H]`, behind the attention
    pub attention_output: LinearWeights,
    /// behind the first residual sum
    pub attention_norm: NormWeights,
    /// `[I, H]`
    pub intermediate: LinearWeights,
    /// `[H, I]`
    pub output: LinearWeights,
    /// behind the second residual sum
    pub output_norm: NormWeights,
}

/// The number format of the matrix products. Master weights, LayerNorm, softmax statistics, residual
/// sums and the loss are fp32 in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32-bit throughout.
    #[default]
    Fp32,
    /// bfloat16 products; LibTorch only, the plain twin computes in fp32.
    Bf16,
}

/// What a block must know beside its numbers.
#[derive(Debug, Clone, Copy)]
pub struct BlockOptions {
    /// N, which divides H.
    pub num_attention_heads: usize,
    /// Added to the variance in LayerNorm.
    pub layer_norm_eps: f64,
    /// Number format of the matrix products.
    pub precision: Precision,
    /// Share of attention weights and of both sub-layers' outputs set to zero, on a device with autodiff only.
    pub dropout: f64,
}

/// One post-norm transformer block (Vaswani et al. 2017, as in BERT): attention, residual sum,
/// LayerNorm, two linear layers with exact GELU between them, residual sum, LayerNorm.
///
/// # Shapes
/// - `hidden`: `[B, P, H]`
/// - `mask`: `[B, 1, 1, P]`, 0 at real tokens and a large negative number at padding, or none if there
///   is no padding
///
/// Returns `[B, P, H]`.
pub fn block(hidden: Tensor<3>, mask: Option<Tensor<4>>, weights: BlockWeights, options: BlockOptions) -> Tensor<3> {
    #[cfg(feature = "libtorch")]
    if crate::libtorch::serves(&hidden) {
        return crate::libtorch::block(hidden, mask, weights, options);
    }
    crate::plain::block(hidden, mask, weights, options)
}
