//! One transformer block in tch calls; the twin of `plain::block`.

use burn::tensor::Tensor;
use tch::{Kind, Tensor as Tch};

use super::recorded::record;
use super::{from_plain, from_tracked, is_tracked, plain, tracked};
use crate::{BlockOptions, BlockWeights, LinearWeights, NormWeights, Precision};

/// Up to so many positions plain products beat the CPU's flash kernel in bf16 (measured at D = 32, two
/// threads: 18 against 93 ms at 128 positions, 68 against 141 at 256, 228 against 180 at 512).
const PLAIN_ATTENTION_POSITIONS: i64 = 300;

/// One transformer block; see [`crate::block()`].
pub(crate) fn block(
    hidden: Tensor<3>,
    mask: Option<Tensor<4>>,
    weights: BlockWeights,
    options: BlockOptions,
) -> Tensor<3> {
    let mask = mask.map(|mask| plain(mask.without_autodiff()));
    let dropout = if is_tracked(&hidden) { options.dropout } else { 0.0 };
    let options = BlockOptions { dropout, ..options };
    let forward = |inputs: &[Tch]| forward(inputs, mask.as_ref(), options);
    if is_tracked(&hidden) {
        from_tracked(record(inputs(hidden, weights, tracked, tracked, tracked), forward))
    } else {
        let inputs = inputs(hidden, weights, plain, plain, plain);
        from_plain(tch::no_grad(|| forward(&inputs)))
    }
}

/// The 17 inputs in the order in which [`forward`] reads them.
fn inputs<T>(
    hidden: Tensor<3>,
    weights: BlockWeights,
    three: impl Fn(Tensor<3>) -> T,
    two: impl Fn(Tensor<2>) -> T,
    one: impl Fn(Tensor<1>) -> T,
) -> [T; 17] {
    let linear = |layer: LinearWeights| [two(layer.weight), one(layer.bias)];
    let norm = |norm: NormWeights| [one(norm.gamma), one(norm.beta)];
    let [qw, qb] = linear(weights.query);
    let [kw, kb] = linear(weights.key);
    let [vw, vb] = linear(weights.value);
    let [aw, ab] = linear(weights.attention_output);
    let [ag, ae] = norm(weights.attention_norm);
    let [iw, ib] = linear(weights.intermediate);
    let [ow, ob] = linear(weights.output);
    let [og, oe] = norm(weights.output_norm);
    [three(hidden), qw, qb, kw, kb, vw, vb, aw, ab, ag, ae, iw, ib, ow, ob, og, oe]
}

fn forward(inputs: &[Tch], mask: Option<&Tch>, options: BlockOptions) -> Tch {
    let [hidden, qw, qb, kw, kb, vw, vb, aw, ab, ag, ae, iw, ib, ow, ob, og, oe] = inputs else {
        unreachable!("`inputs` makes 17")
    };
    let low = |x: &Tch| match options.precision {
        Precision::Fp32 => x.shallow_clone(),
        Precision::Bf16 => x.to_kind(Kind::BFloat16),
    };
    let linear = |x: &Tch, w: &Tch, b: &Tch| x.linear(&low(w), Some(&low(b)));
    let drop = |x: Tch| if options.dropout > 0.0 { x.dropout(options.dropout, true) } else { x };
    let x = low(hidden);
    let (q, k, v) = (linear(&x, qw, qb), linear(&x, kw, kb), linear(&x, vw, vb));
    let context = attention(&q, &k, &v, mask.map(low).as_ref(), options);
    let norm = |x: Tch, g: &Tch, e: &Tch| x.layer_norm(g.size(), Some(g), Some(e), options.layer_norm_eps, true);
    let attended = norm(drop(linear(&context, aw, ab)) + hidden, ag, ae); // fp32: the residual decides
    let intermediate = linear(&low(&attended), iw, ib).gelu("none");
    norm(drop(linear(&intermediate, ow, ob)) + attended, og, oe)
}

/// `[B, P, H]` three times and a mask `[B, 1, 1, P]` to `[B, P, H]`.
fn attention(q: &Tch, k: &Tch, v: &Tch, mask: Option<&Tch>, options: BlockOptions) -> Tch {
    let (b, p, h) = q.size3().unwrap_or_else(|e| unreachable!("a block's input has three axes: {e}"));
    let n = options.num_attention_heads as i64;
    let split = |x: &Tch| x.view([b, p, n, h / n]).transpose(1, 2); // [B, N, P, D]
    let (q, k, v) = (split(q), split(k), split(v));
    let plain_wins = options.precision == Precision::Bf16 && !q.device().is_cuda() && p <= PLAIN_ATTENTION_POSITIONS;
    let context = if plain_wins {
        let scores = q.matmul(&k.transpose(2, 3)) * (1.0 / ((h / n) as f64).sqrt());
        let scores = mask.map_or_else(|| scores.shallow_clone(), |mask| &scores + mask);
        let weights = scores.softmax(-1, None::<Kind>);
        let weights = if options.dropout > 0.0 { weights.dropout(options.dropout, true) } else { weights };
        weights.matmul(&v)
    } else {
        let mask = mask.map(|mask| mask.expand([b, 1, p, p], false));
        Tch::scaled_dot_product_attention(&q, &k, &v, mask, options.dropout, false, None, false)
    };
    context.transpose(1, 2).reshape([b, p, h])
}
