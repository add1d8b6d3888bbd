//! The same in plain burn: the reference, and the path of every engine but LibTorch.

mod lstm;

use burn::nn::DropoutConfig;
use burn::tensor::{Tensor, activation};

use crate::{BlockOptions, BlockWeights, LinearWeights, NormWeights};

pub use lstm::lstm;

/// `x·Wᵀ + b` over the last axis, on `[rows, in]`: a batched product would cost a batch of gradients.
///
/// # Shapes
/// - `x`: `[rows, in]`
///
/// Returns `[rows, out]`.
pub fn linear(x: Tensor<2>, layer: LinearWeights) -> Tensor<2> {
    x.matmul(layer.weight.transpose()) + layer.bias.unsqueeze()
}

/// LayerNorm over the last axis (Ba et al. 2016), biased variance.
///
/// # Shapes
/// - `x`: `[rows, H]`
///
/// Returns `[rows, H]`.
pub fn layer_norm(x: Tensor<2>, norm: NormWeights, epsilon: f64) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().powi_scalar(2).mean_dim(1);
    let scaled = centred / variance.add_scalar(epsilon).sqrt();
    scaled * norm.gamma.unsqueeze() + norm.beta.unsqueeze()
}

/// Zero a share of the numbers and scale the others up, on a device with autodiff; elsewhere nothing happens
/// (Srivastava et al. 2014).
pub fn dropout<const D: usize>(x: Tensor<D>, share: f64) -> Tensor<D> {
    DropoutConfig::new(share).init().forward(x)
}

/// softmax(q·kᵀ/√D + mask) (Vaswani et al. 2017, equation 1).
///
/// # Shapes
/// - `q`, `k`: `[B, N, P, D]`
/// - `mask`: `[B, 1, 1, P]`
///
/// Returns `[B, N, P, P]`: for each query the weights of all keys.
pub fn attention_weights(q: Tensor<4>, k: Tensor<4>, mask: Option<Tensor<4>>) -> Tensor<4> {
    let size_per_head = q.dims()[3] as f64;
    let scores = q.matmul(k.swap_dims(2, 3)).div_scalar(size_per_head.sqrt());
    let scores = match mask {
        Some(mask) => scores + mask,
        None => scores,
    };
    activation::softmax(scores, 3)
}

/// `[B·P, H]` to `[B, N, P, D]`: each attention head's share of every position.
///
/// # Shapes
/// - `x`: `[B·P, H]`
pub fn per_head(x: Tensor<2>, [b, p, n]: [usize; 3]) -> Tensor<4> {
    let h = x.dims()[1];
    x.reshape([b, p, n, h / n]).swap_dims(1, 2)
}

/// One transformer block; see [`crate::block()`].
pub fn block(hidden: Tensor<3>, mask: Option<Tensor<4>>, weights: BlockWeights, options: BlockOptions) -> Tensor<3> {
    let [b, p, h] = hidden.dims();
    let BlockOptions { num_attention_heads: n, layer_norm_eps, dropout: share, .. } = options;
    let rows = hidden.reshape([b * p, h]); // [B·P, H] from here on
    let q = per_head(linear(rows.clone(), weights.query), [b, p, n]);
    let k = per_head(linear(rows.clone(), weights.key), [b, p, n]);
    let v = per_head(linear(rows.clone(), weights.value), [b, p, n]);
    let context = dropout(attention_weights(q, k, mask), share).matmul(v); // [B, N, P, D]
    let context = context.swap_dims(1, 2).reshape([b * p, h]);
    let attended = dropout(linear(context, weights.attention_output), share) + rows;
    let attended = layer_norm(attended, weights.attention_norm, layer_norm_eps);
    let intermediate = activation::gelu(linear(attended.clone(), weights.intermediate)); // [B·P, I]
    let output = dropout(linear(intermediate, weights.output), share) + attended;
    layer_norm(output, weights.output_norm, layer_norm_eps).reshape([b, p, h])
}
