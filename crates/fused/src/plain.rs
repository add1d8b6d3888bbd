//! The same in plain burn: the reference, and the path of every engine but LibTorch.

use burn::tensor::{Tensor, activation};

use crate::{BlockOptions, BlockWeights, LinearWeights, NormWeights};

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

/// softmax(q·kᵀ/√D + mask)·v, and the weights themselves (Vaswani et al. 2017, equation 1).
///
/// # Shapes
/// - `q`, `k`, `v`: `[B, N, P, D]`
/// - `mask`: `[B, 1, 1, P]`
///
/// Returns `[B, N, P, D]` and the attention weights `[B, N, P, P]`.
pub fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, mask: Option<Tensor<4>>) -> (Tensor<4>, Tensor<4>) {
    let size_per_head = q.dims()[3] as f64;
    let scores = q.matmul(k.swap_dims(2, 3)).div_scalar(size_per_head.sqrt());
    let scores = match mask {
        Some(mask) => scores + mask,
        None => scores,
    };
    let weights = activation::softmax(scores, 3);
    (weights.clone().matmul(v), weights)
}

/// One transformer block; see [`crate::block()`].
pub fn block(hidden: Tensor<3>, mask: Option<Tensor<4>>, weights: BlockWeights, options: BlockOptions) -> Tensor<3> {
    let [b, p, h] = hidden.dims();
    let rows = hidden.reshape([b * p, h]); // [B·P, H] from here on
    let n = options.num_attention_heads;
    let split = |x: Tensor<2>| x.reshape([b, p, n, h / n]).swap_dims(1, 2); // [B, N, P, D]
    let q = split(linear(rows.clone(), weights.query));
    let k = split(linear(rows.clone(), weights.key));
    let v = split(linear(rows.clone(), weights.value));
    let (context, _) = attention(q, k, v, mask);
    let context = context.swap_dims(1, 2).reshape([b * p, h]);
    let attended = linear(context, weights.attention_output) + rows;
    let attended = layer_norm(attended, weights.attention_norm, options.layer_norm_eps);
    let intermediate = activation::gelu(linear(attended.clone(), weights.intermediate)); // [B·P, I]
    let output = linear(intermediate, weights.output) + attended;
    layer_norm(output, weights.output_norm, options.layer_norm_eps).reshape([b, p, h])
}
