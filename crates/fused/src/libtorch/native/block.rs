//! One transformer block on a CPU in bfloat16, forward and backward, without LibTorch's autograd.
//!
//! LibTorch multiplies matrices; between two products there is one pass over memory. At H = 384 the block keeps 9 KiB a
//! token between forward and backward, a third of what autograd keeps: GELU's result, for example, is computed again.

mod first;
mod gradient;
mod kept;

use std::sync::Arc;

use tch::{Kind, Tensor};

use super::attention::{Attention, BLOCK, attention};
use super::elementwise;
use super::memory::Numbers;
use super::pack::LARGEST_HEAD;
use super::rows::{Norm, norm};
use super::workspace::{Scratch, borrow};
use super::{simd, simd::LANES};
use crate::kernels::Kernels;
use crate::{Activation, BlockOptions, Layout, Precision};

pub(crate) use gradient::gradients;
pub(crate) use kept::Kept;
use kept::{AllRows, Attended, AttentionHalf, FeedForwardHalf, Normalised, Weights};

/// A block's inputs: the hidden states, then its parameters in order.
pub(crate) const INPUTS: usize = 17;

/// Whether this processor supports the kernels, and they are on.
pub(crate) fn are_ready() -> bool {
    Kernels::Block.are_on() && simd::is_supported()
}

/// Whether these kernels support this block.
pub(crate) fn serves(inputs: &[Tensor], options: BlockOptions) -> bool {
    let [h, i] = [&inputs[8], &inputs[12]].map(|bias| bias.numel());
    let size = h / options.num_attention_heads;
    let fits = [h, i, size].iter().all(|width| width % LANES == 0) && size <= LARGEST_HEAD;
    let plain = inputs
        .iter()
        .all(|input| input.device() == tch::Device::Cpu && input.kind() == Kind::Float && input.is_contiguous());
    let computed = options.precision == Precision::Bf16 && options.activation == Activation::Gelu;
    computed && options.dropout == 0.0 && fits && plain && are_ready()
}

/// The block's output, `[R, H]` or with `first_only` `[B, H]`, and with `keep` the data for [`gradients`].
pub(crate) fn forward(
    inputs: &[Tensor],
    layout: &Arc<Layout>,
    options: BlockOptions,
    keep: bool,
) -> (Tensor, Option<Kept>) {
    let weights = Weights::rounded(inputs);
    let (attention, attended, result) = if options.first_only {
        let (rows, residual) = first::first_rows(inputs, &weights, layout, options);
        let (attended, result) = attended(inputs, &weights, &rows.context, &residual, options, keep);
        (AttentionHalf::First(rows), attended, result)
    } else {
        let rows = all_rows(inputs, &weights, layout, options, keep);
        let (attended, result) = attended(inputs, &weights, &rows.context, &inputs[0], options, keep);
        (AttentionHalf::All(rows), attended, result)
    };
    let (feed_forward, output) = feed_forward_half(inputs, &weights, &attended.rounded, &result, options, keep);
    let kept = keep.then(|| Kept {
        layout: Arc::clone(layout),
        options,
        weights,
        intermediate_bias: inputs[12].shallow_clone(),
        gammas: [&inputs[9], &inputs[15]].map(Tensor::shallow_clone),
        attention,
        attended,
        feed_forward,
    });
    (output, kept)
}

fn all_rows(inputs: &[Tensor], weights: &Weights, layout: &Layout, options: BlockOptions, keep: bool) -> AllRows {
    let [rows, h] = sizes(&inputs[0]);
    let input = borrow("input", Kind::BFloat16, &[rows, h]);
    elementwise::round(Numbers::of(&inputs[0]), Numbers::of(&input));
    let projected = borrow("projected", Kind::BFloat16, &[rows + BLOCK, 3 * h]);
    let bias = Tensor::cat(&[&inputs[2], &inputs[4], &inputs[6]], 0).to_kind(Kind::BFloat16);
    let _same = bias.addmm_out(&projected.narrow(0, 0, rows as i64), &input, &weights.projections.tr());
    let context = borrow("context", Kind::BFloat16, &[rows, h]);
    let sums = keep.then(|| borrow("sums", Kind::Float, &[options.num_attention_heads, rows]));
    attention(&attention_of(layout, options, h, [&projected, &context], sums.as_ref()));
    AllRows { input, projected, context, sums }
}

fn attended(
    inputs: &[Tensor],
    weights: &Weights,
    context: &Tensor,
    residual: &Tensor,
    options: BlockOptions,
    keep: bool,
) -> (Attended, Scratch) {
    let [rows, h] = sizes(residual);
    let product = borrow("product", Kind::BFloat16, &[rows, h]);
    multiply(context, &weights.attention_output.tr(), &product);
    let attended = borrow("attended", Kind::Float, &[rows, h]);
    let rounded = borrow("attended rounded", Kind::BFloat16, &[rows, h]);
    let normalised = keep.then(|| Normalised::new(rows, h));
    norm(&Norm {
        product: Numbers::of(&product),
        bias: floats(&inputs[8]),
        residual: Numbers::of(residual),
        gamma: floats(&inputs[9]),
        beta: floats(&inputs[10]),
        epsilon: options.layer_norm_eps as f32,
        output: Numbers::of(&attended),
        rounded: Some(Numbers::of(&rounded)),
        kept: normalised.as_ref().map(Normalised::places),
    });
    (Attended { normalised, rounded }, attended)
}

fn feed_forward_half(
    inputs: &[Tensor],
    weights: &Weights,
    rounded: &Tensor,
    attended: &Tensor,
    options: BlockOptions,
    keep: bool,
) -> (FeedForwardHalf, Tensor) {
    let ([rows, h], wide) = (sizes(attended), inputs[12].numel());
    let intermediate = borrow("intermediate", Kind::BFloat16, &[rows, wide]);
    multiply(rounded, &weights.intermediate.tr(), &intermediate);
    let activated = borrow("activated", Kind::BFloat16, &[rows, wide]);
    elementwise::gelu(Numbers::of(&intermediate), floats(&inputs[12]), Numbers::of(&activated));
    let product = borrow("product", Kind::BFloat16, &[rows, h]);
    multiply(&activated, &weights.output.tr(), &product);
    let output = attended.empty_like();
    let normalised = keep.then(|| Normalised::new(rows, h));
    norm(&Norm {
        product: Numbers::of(&product),
        bias: floats(&inputs[14]),
        residual: Numbers::of(attended),
        gamma: floats(&inputs[15]),
        beta: floats(&inputs[16]),
        epsilon: options.layer_norm_eps as f32,
        output: Numbers::of(&output),
        rounded: None,
        kept: normalised.as_ref().map(Normalised::places),
    });
    (FeedForwardHalf { intermediate, normalised }, output)
}

fn sizes(of: &Tensor) -> [usize; 2] {
    [0, 1].map(|axis| of.size()[axis] as usize)
}

fn attention_of<'a>(
    layout: &'a Layout,
    options: BlockOptions,
    h: usize,
    [projected, context]: [&'a Tensor; 2],
    sums: Option<&'a Scratch>,
) -> Attention<'a> {
    Attention {
        layout,
        heads: options.num_attention_heads,
        size: h / options.num_attention_heads,
        projected: Numbers::of(projected),
        context: Numbers::of(context),
        sums: sums.map(|sums| Numbers::of(sums)),
    }
}

/// `to` becomes `left · right`.
fn multiply(left: &Tensor, right: &Tensor, to: &Tensor) {
    let _same = left.mm_out(to, right);
}

/// A parameter's numbers, which do not change during a step's passes.
#[expect(unsafe_code, reason = "a parameter's memory is read where it lies")]
fn floats(parameter: &Tensor) -> &[f32] {
    let numbers = Numbers::of(parameter);
    // SAFETY: the optimizer, which alone writes parameters, runs after all passes of a step.
    unsafe { numbers.part(0..numbers.len()) }
}

#[cfg(test)]
mod tests;
