//! The same layers in plain burn: the reference, and the implementation of every engine except LibTorch.

mod grid;
mod lstm;

use burn::nn::DropoutConfig;
use burn::tensor::{Tensor, activation};

use crate::{Activation, BlockOptions, BlockWeights, Layout, LinearWeights, NormWeights};

pub use grid::{from_grid, indices, mask, real, rows_at, to_grid};
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

/// Dropout: zero a share of the numbers and scale the others up, on a device with autodiff only (Srivastava et al.
/// 2014).
pub fn dropout<const D: usize>(x: Tensor<D>, share: f64) -> Tensor<D> {
    DropoutConfig::new(share).init().forward(x)
}

/// softmax(q·kᵀ/√D + mask) (Vaswani et al. 2017, equation 1).
///
/// # Shapes
/// - `q`: `[B, N, Q, D]`
/// - `k`: `[B, N, P, D]`
/// - `mask`: `[B, 1, 1, P]`
///
/// Returns `[B, N, Q, P]`: for each query the weights of all keys.
pub fn attention_weights(q: Tensor<4>, k: Tensor<4>, mask: Option<Tensor<4>>) -> Tensor<4> {
    let size_per_head = q.dims()[3] as f64;
    let scores = q.matmul(k.swap_dims(2, 3)).div_scalar(size_per_head.sqrt());
    let scores = match mask {
        Some(mask) => scores + mask,
        None => scores,
    };
    activation::softmax(scores, 3)
}

/// `[B, P, H]` to `[B, N, P, D]`: each attention head's share of every position.
///
/// # Shapes
/// - `x`: `[B, P, H]`
pub fn per_head(x: Tensor<3>, num_attention_heads: usize) -> Tensor<4> {
    let ([b, p, h], n) = (x.dims(), num_attention_heads);
    x.reshape([b, p, n, h / n]).swap_dims(1, 2)
}

/// One transformer block; see [`crate::block()`].
pub fn block(hidden: Tensor<2>, layout: &Layout, weights: BlockWeights, options: BlockOptions) -> Tensor<2> {
    let BlockOptions { layer_norm_eps, dropout: share, first_only, .. } = options;
    let k = linear(hidden.clone(), weights.key);
    let v = linear(hidden.clone(), weights.value);
    let hidden = if first_only { rows_at(hidden, &layout.starts()) } else { hidden };
    let q = linear(hidden.clone(), weights.query);
    let context = attention(q, k, v, layout, options); // [R, H] or [B, H]
    let attended = dropout(linear(context, weights.attention_output), share) + hidden;
    let attended = layer_norm(attended, weights.attention_norm, layer_norm_eps);
    let intermediate = activate(linear(attended.clone(), weights.intermediate), options.activation); // [R, I]
    let output = dropout(linear(intermediate, weights.output), share) + attended;
    layer_norm(output, weights.output_norm, layer_norm_eps)
}

/// Apply the activation to every number.
pub fn activate(x: Tensor<2>, kind: Activation) -> Tensor<2> {
    match kind {
        Activation::Gelu => activation::gelu(x),
        Activation::GeluTanh => activation::gelu_approximate(x),
        Activation::Relu => activation::relu(x),
    }
}

/// Each sequence attends to its own tokens: three times `[R, H]` to `[R, H]`, or with one query for each sequence, `[B,
/// H]`, to `[B, H]`.
fn attention(q: Tensor<2>, k: Tensor<2>, v: Tensor<2>, layout: &Layout, options: BlockOptions) -> Tensor<2> {
    let (mask, [b, h]) = (mask(layout, &q.device()), q.dims());
    let queries = if options.first_only { q.reshape([b, 1, h]) } else { to_grid(q, layout) };
    let [q, k, v] = [queries, to_grid(k, layout), to_grid(v, layout)].map(|x| per_head(x, options.num_attention_heads));
    let context = dropout(attention_weights(q, k, mask), options.dropout).matmul(v); // [B, N, P or 1, D]
    let [b, n, p, d] = context.dims();
    let context = context.swap_dims(1, 2).reshape([b, p, n * d]);
    if options.first_only { context.reshape([b, h]) } else { from_grid(context, layout) }
}
