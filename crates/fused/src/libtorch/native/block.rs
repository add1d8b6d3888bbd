//! One transformer block on a processor in bfloat16, forward and backward, without LibTorch's autograd.
//!
//! LibTorch multiplies matrices; all between two products is one pass over memory. Between forward and backward 9 KiB
//! a token are kept at H = 384 (a third of what autograd keeps): GELU's result, for one, is computed again.

use std::sync::Arc;

use half::bf16;
use tch::{Kind, Tensor};

use super::attention::{Attention, BLOCK, attention};
use super::attention_gradient::{Gradient, attention_gradient};
use super::elementwise;
use super::memory::Numbers;
use super::pack::LARGEST_HEAD;
use super::rows::{Norm, NormGradient, norm, norm_gradient};
use super::workspace::{Lent, take};
use super::{simd, simd::LANES};
use crate::{BlockOptions, Layout, Precision};

/// What a block reads: the hidden states, then its parameters in their order.
pub(crate) const INPUTS: usize = 17;

/// Whether this block can be computed here.
pub(crate) fn serves(inputs: &[Tensor], options: BlockOptions) -> bool {
    let [h, i] = [&inputs[8], &inputs[12]].map(|bias| bias.numel());
    let size = h / options.num_attention_heads;
    let fits = [h, i, size].iter().all(|width| width % LANES == 0) && size <= LARGEST_HEAD;
    let plain = inputs.iter().all(|input| {
        input.device() == tch::Device::Cpu && input.kind() == Kind::Float && input.is_contiguous()
    });
    options.precision == Precision::Bf16 && options.dropout == 0.0 && fits && plain && simd::is_here()
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct Kept {
    layout: Arc<Layout>,
    options: BlockOptions,
    weights: Weights,
    /// Biases and LayerNorms' numbers as they were given.
    parameters: Vec<Tensor>,
    input: Lent,
    projected: Lent,
    context: Lent,
    sums: Lent,
    attended: Normalised,
    attended_rounded: Lent,
    intermediate: Lent,
    output: Normalised,
}

/// The four matrices, rounded; queries', keys' and values' below each other.
#[derive(Debug)]
struct Weights {
    projections: Lent,
    attention_output: Lent,
    intermediate: Lent,
    output: Lent,
}

/// What LayerNorm's gradient needs.
#[derive(Debug)]
struct Normalised {
    numbers: Lent,
    scales: Lent,
}

impl Weights {
    fn rounded(inputs: &[Tensor]) -> Self {
        let h = inputs[1].size()[0] as usize;
        let projections = take("projections", Kind::BFloat16, &[3 * h, h]);
        for (place, weight) in [&inputs[1], &inputs[3], &inputs[5]].into_iter().enumerate() {
            projections.narrow(0, (place * h) as i64, h as i64).copy_(weight);
        }
        let rounded = |name, weight: &Tensor| {
            let [rows, columns] = [0, 1].map(|axis| weight.size()[axis] as usize);
            let to = take(name, Kind::BFloat16, &[rows, columns]);
            to.shallow_clone().copy_(weight);
            to
        };
        Weights {
            projections,
            attention_output: rounded("attention weights", &inputs[7]),
            intermediate: rounded("intermediate weights", &inputs[11]),
            output: rounded("output weights", &inputs[13]),
        }
    }
}

impl Normalised {
    fn new(rows: usize, h: usize) -> Self {
        Normalised {
            numbers: take("normalised", Kind::BFloat16, &[rows, h]),
            scales: take("scales", Kind::Float, &[rows]),
        }
    }

    fn places(&self) -> (Numbers<'_, bf16>, Numbers<'_, f32>) {
        (Numbers::of(&self.numbers), Numbers::of(&self.scales))
    }
}

/// The block's output `[R, H]`, and with `keep` what [`gradients`] needs.
pub(crate) fn forward(
    inputs: &[Tensor],
    layout: &Arc<Layout>,
    options: BlockOptions,
    keep: bool,
) -> (Tensor, Option<Kept>) {
    let hidden = &inputs[0];
    let ([rows, h], wide) = ([0, 1].map(|axis| hidden.size()[axis] as usize), inputs[12].numel());
    let weights = Weights::rounded(inputs);
    let input = take("input", Kind::BFloat16, &[rows, h]);
    elementwise::round(Numbers::of(hidden), Numbers::of(&input));
    let projected = take("projected", Kind::BFloat16, &[rows + BLOCK, 3 * h]);
    let bias = Tensor::cat(&[&inputs[2], &inputs[4], &inputs[6]], 0).to_kind(Kind::BFloat16);
    let _same = bias.addmm_out(&projected.narrow(0, 0, rows as i64), &input, &weights.projections.tr());
    let context = take("context", Kind::BFloat16, &[rows, h]);
    let sums = take("sums", Kind::Float, &[options.num_attention_heads, rows]);
    attention(&attention_of(layout, options, h, [&projected, &context], &sums));

    let product = take("product", Kind::BFloat16, &[rows, h]);
    multiply(&context, &weights.attention_output.tr(), &product);
    let attended = take("attended", Kind::Float, &[rows, h]);
    let attended_rounded = take("attended rounded", Kind::BFloat16, &[rows, h]);
    let attended_kept = keep.then(|| Normalised::new(rows, h));
    norm(&Norm {
        product: Numbers::of(&product),
        bias: floats(&inputs[8]),
        residual: Numbers::of(hidden),
        gamma: floats(&inputs[9]),
        beta: floats(&inputs[10]),
        epsilon: options.layer_norm_eps as f32,
        output: Numbers::of(&attended),
        rounded: Some(Numbers::of(&attended_rounded)),
        kept: attended_kept.as_ref().map(Normalised::places),
    });

    let intermediate = take("intermediate", Kind::BFloat16, &[rows, wide]);
    multiply(&attended_rounded, &weights.intermediate.tr(), &intermediate);
    let activated = take("activated", Kind::BFloat16, &[rows, wide]);
    elementwise::gelu(Numbers::of(&intermediate), floats(&inputs[12]), Numbers::of(&activated));
    multiply(&activated, &weights.output.tr(), &product);
    let result = Tensor::empty([rows as i64, h as i64], (Kind::Float, tch::Device::Cpu));
    let output_kept = keep.then(|| Normalised::new(rows, h));
    norm(&Norm {
        product: Numbers::of(&product),
        bias: floats(&inputs[14]),
        residual: Numbers::of(&attended),
        gamma: floats(&inputs[15]),
        beta: floats(&inputs[16]),
        epsilon: options.layer_norm_eps as f32,
        output: Numbers::of(&result),
        rounded: None,
        kept: output_kept.as_ref().map(Normalised::places),
    });
    let kept = attended_kept.zip(output_kept).map(|(attended, output)| Kept {
        layout: Arc::clone(layout),
        options,
        weights,
        parameters: inputs.iter().map(Tensor::shallow_clone).collect(),
        input,
        projected,
        context,
        sums,
        attended,
        attended_rounded,
        intermediate,
        output,
    });
    (result, kept)
}

fn attention_of<'a>(
    layout: &'a Layout,
    options: BlockOptions,
    h: usize,
    [projected, context]: [&'a Tensor; 2],
    sums: &'a Tensor,
) -> Attention<'a> {
    Attention {
        layout,
        heads: options.num_attention_heads,
        size: h / options.num_attention_heads,
        projected: Numbers::of(projected),
        context: Numbers::of(context),
        sums: Some(Numbers::of(sums)),
    }
}

/// The gradients of all inputs, in their order, when `flowing` `[R, H]` flows into the output.
pub(crate) fn gradients(kept: &Kept, flowing: &Tensor) -> [Tensor; INPUTS] {
    let (flowing, parameters) = (flowing.contiguous(), &kept.parameters);
    let ([rows, h], wide) = ([0, 1].map(|axis| flowing.size()[axis] as usize), parameters[12].numel());
    let sum = flowing.empty_like(); // of the residual stream
    let rounded = take("rounded gradient", Kind::BFloat16, &[rows, h]);
    let product = take("product", Kind::BFloat16, &[rows, h]);
    let output_norm = norm_gradient(&NormGradient {
        flowing: Numbers::of(&flowing),
        also: None,
        normalised: Numbers::of(&kept.output.numbers),
        scales: Numbers::of(&kept.output.scales),
        gamma: floats(&parameters[15]),
        sum: Numbers::of(&sum),
        rounded: Numbers::of(&rounded),
    });

    let activated = take("activated", Kind::BFloat16, &[rows, wide]);
    let wide_gradient = take("intermediate gradient", Kind::BFloat16, &[rows, wide]);
    multiply(&rounded, &kept.weights.output, &wide_gradient);
    let intermediate_bias = elementwise::gelu_gradient(
        Numbers::of(&kept.intermediate),
        floats(&parameters[12]),
        Numbers::of(&wide_gradient),
        Numbers::of(&activated),
    );
    let output_weight = weight_gradient(&rounded, &activated);
    let intermediate_weight = weight_gradient(&wide_gradient, &kept.attended_rounded);
    multiply(&wide_gradient, &kept.weights.intermediate, &product);
    let attention_norm = norm_gradient(&NormGradient {
        flowing: Numbers::of(&sum),
        also: Some(Numbers::of(&product)),
        normalised: Numbers::of(&kept.attended.numbers),
        scales: Numbers::of(&kept.attended.scales),
        gamma: floats(&parameters[9]),
        sum: Numbers::of(&sum),
        rounded: Numbers::of(&rounded),
    });

    let attention_weight = weight_gradient(&rounded, &kept.context);
    multiply(&rounded, &kept.weights.attention_output, &product);
    let projected = take("projected gradient", Kind::BFloat16, &[rows, 3 * h]);
    attention_gradient(&Gradient {
        forward: attention_of(&kept.layout, kept.options, h, [&kept.projected, &kept.context], &kept.sums),
        flowing: Numbers::of(&product),
        projected: Numbers::of(&projected),
    });
    let projection_bias = elementwise::column_sums(Numbers::of(&projected), 3 * h);
    let projection_weight = weight_gradient(&projected, &kept.input);
    multiply(&projected, &kept.weights.projections, &product);
    elementwise::add(Numbers::of(&product), Numbers::of(&sum));

    let [query, key, value] = [0, 1, 2].map(|place| projection_weight.narrow(0, (place * h) as i64, h as i64));
    let [query_bias, key_bias, value_bias] = thirds(&projection_bias);
    let [attention_bias, attention_gamma, attention_beta] = thirds(&attention_norm);
    let [output_bias, output_gamma, output_beta] = thirds(&output_norm);
    [
        sum, query, query_bias, key, key_bias, value, value_bias, attention_weight, attention_bias, attention_gamma,
        attention_beta, intermediate_weight, Tensor::from_slice(&intermediate_bias), output_weight, output_bias,
        output_gamma, output_beta,
    ]
}

/// `to` becomes `left · right`.
fn multiply(left: &Tensor, right: &Tensor, to: &Tensor) {
    let _same = left.mm_out(to, right);
}

/// `[out, in]` in fp32 from what flows into a product `[R, out]` and what was multiplied `[R, in]`. A product with
/// more rows than columns is the faster one, by half.
fn weight_gradient(flowing: &Tensor, multiplied: &Tensor) -> Tensor {
    if flowing.size()[1] >= multiplied.size()[1] {
        return flowing.tr().mm(multiplied).to_kind(Kind::Float);
    }
    multiplied.tr().mm(flowing).tr().to_kind(Kind::Float).contiguous()
}

fn thirds(numbers: &[f32]) -> [Tensor; 3] {
    let size = numbers.len() / 3;
    [0, 1, 2].map(|third| Tensor::from_slice(&numbers[third * size..(third + 1) * size]))
}

/// A parameter's numbers; nobody changes them while a step is computed.
#[expect(unsafe_code, reason = "a parameter's memory is read where it lies")]
fn floats(parameter: &Tensor) -> &[f32] {
    let numbers = Numbers::of(parameter);
    // SAFETY: the optimizer, which alone writes parameters, runs after all passes of a step.
    unsafe { numbers.part(0..numbers.len()) }
}

#[cfg(test)]
mod tests;
