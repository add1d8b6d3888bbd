//! One transformer block in tch calls; the twin of `plain::block`.

use std::sync::Arc;

use burn::tensor::Tensor;
use tch::{Kind, Tensor as Tch};

use super::attention::attention;
use super::flash::starts;
use super::recorded::record;
#[cfg(target_arch = "x86_64")]
use super::{differentiated::differentiated, native};
use super::{from_plain, from_tracked, is_tracked, plain, tracked};
use crate::{Activation, BlockOptions, BlockWeights, Layout, LinearWeights, NormWeights, Precision};

/// One transformer block; see [`crate::block()`]. The kernels of [`native`] compute bfloat16 on a processor that
/// supports them; in all other cases LibTorch's operators and autograd do.
pub(crate) fn block(
    hidden: Tensor<2>,
    layout: &Arc<Layout>,
    weights: BlockWeights,
    options: BlockOptions,
) -> Tensor<2> {
    let dropout = if is_tracked(&hidden) { options.dropout } else { 0.0 };
    let options = BlockOptions { dropout, ..options };
    if !is_tracked(&hidden) {
        let inputs = inputs(hidden, weights, plain, plain);
        #[cfg(target_arch = "x86_64")]
        if native::block::serves(&inputs, options) {
            return from_plain(tch::no_grad(|| native::block::forward(&inputs, layout, options, false).0));
        }
        return from_plain(tch::no_grad(|| forward(&inputs, layout, options)));
    }
    let inputs = inputs(hidden, weights, tracked, tracked);
    #[cfg(target_arch = "x86_64")]
    if native::block::serves(&inputs.each_ref().map(|input| input.primitive().tensor.shallow_clone()), options) {
        return from_tracked(differentiated(inputs, layout, options));
    }
    from_tracked(record(inputs, |inputs| forward(inputs, layout, options)))
}

/// The 17 inputs in the order in which [`forward`] reads them.
fn inputs<T>(
    hidden: Tensor<2>,
    weights: BlockWeights,
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
    [two(hidden), qw, qb, kw, kb, vw, vb, aw, ab, ag, ae, iw, ib, ow, ob, og, oe]
}

pub(super) fn forward(inputs: &[Tch], layout: &Layout, options: BlockOptions) -> Tch {
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
    let first = options.first_only.then(|| first_rows(hidden, layout));
    let (hidden, queried) = first.as_ref().map_or((hidden, x.shallow_clone()), |first| (first, low(first)));
    let context = attention([linear(&queried, qw, qb), linear(&x, kw, kb), linear(&x, vw, vb)], layout, options);
    let norm = |x: Tch, g: &Tch, e: &Tch| x.layer_norm(g.size(), Some(g), Some(e), options.layer_norm_eps, true);
    let attended = norm(drop(linear(&context, aw, ab)) + hidden, ag, ae); // fp32: the residual decides
    let intermediate = activate(&linear(&low(&attended), iw, ib), options.activation);
    norm(drop(linear(&intermediate, ow, ob)) + attended, og, oe)
}

fn activate(x: &Tch, kind: Activation) -> Tch {
    match kind {
        Activation::Gelu => x.gelu("none"),
        Activation::GeluTanh => x.gelu("tanh"),
        Activation::Relu => x.relu(),
    }
}

/// `[R, H]` to `[B, H]`: the first row of each sequence.
pub(super) fn first_rows(x: &Tch, layout: &Layout) -> Tch {
    let starts = starts(layout, x.device());
    x.index_select(0, &starts.narrow(0, 0, starts.size()[0] - 1))
}
