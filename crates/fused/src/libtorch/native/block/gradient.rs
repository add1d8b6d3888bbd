//! The backward pass of a block.

use tch::{Kind, Tensor};

use super::super::attention_gradient::{Gradient, attention_gradient};
use super::super::elementwise;
use super::super::memory::Numbers;
use super::super::rows::{NormGradient, norm_gradient};
use super::super::workspace::borrow;
use super::{AllRows, AttentionHalf, INPUTS, Kept, Normalised, attention_of, first, floats, multiply, sizes};

/// The gradients of all inputs, in their order, where `flowing`, `[R, H]` or with `first_only` `[B, H]`, is the
/// output's gradient.
pub(crate) fn gradients(kept: &Kept, flowing: &Tensor) -> [Tensor; INPUTS] {
    let [rows, h] = sizes(flowing);
    let flowing = flowing.contiguous();
    let sum = flowing.empty_like(); // of the residual stream
    let product = borrow("product", Kind::BFloat16, &[rows, h]);
    let feed_forward = feed_forward_gradients(kept, &flowing, &sum, &product);
    let norm = attended_gradients(kept, &sum, &product);
    let (input, projections) = match &kept.attention {
        AttentionHalf::All(rows) => all_rows_gradients(kept, rows, sum, &product),
        AttentionHalf::First(rows) => first::gradients(kept, rows, &sum, &product),
    };
    let all: Vec<Tensor> = std::iter::once(input).chain(projections).chain(norm).chain(feed_forward).collect();
    all.try_into().unwrap_or_else(|all: Vec<Tensor>| unreachable!("1 + 6 + 4 + 6 are not {}", all.len()))
}

/// The gradients of the second half's parameters. Afterwards `sum` + `product` flows into the first half's result.
fn feed_forward_gradients(kept: &Kept, flowing: &Tensor, sum: &Tensor, product: &Tensor) -> [Tensor; 6] {
    let half = &kept.feed_forward;
    let ([rows, h], wide) = (sizes(flowing), kept.intermediate_bias.numel());
    let rounded = borrow("rounded gradient", Kind::BFloat16, &[rows, h]);
    let (normalised, scales) = Normalised::kept(&half.normalised);
    let [bias, gamma, beta] = thirds(&norm_gradient(&NormGradient {
        flowing: Numbers::of(flowing),
        also: None,
        normalised,
        scales,
        gamma: floats(&kept.gammas[1]),
        sum: Numbers::of(sum),
        rounded: Numbers::of(&rounded),
    }));
    let activated = borrow("activated", Kind::BFloat16, &[rows, wide]);
    let gradient = borrow("intermediate gradient", Kind::BFloat16, &[rows, wide]);
    multiply(&rounded, &kept.weights.output, &gradient);
    let intermediate_bias = elementwise::gelu_gradient(
        Numbers::of(&half.intermediate),
        floats(&kept.intermediate_bias),
        Numbers::of(&gradient),
        Numbers::of(&activated),
    );
    let weight = weight_gradient(&rounded, &activated);
    let intermediate = weight_gradient(&gradient, &kept.attended.rounded);
    multiply(&gradient, &kept.weights.intermediate, product);
    [intermediate, Tensor::from_slice(&intermediate_bias), weight, bias, gamma, beta]
}

/// The gradients of the parameters at the first half's end. Afterwards `sum` flows into its residual, and `product`
/// into the context.
fn attended_gradients(kept: &Kept, sum: &Tensor, product: &Tensor) -> [Tensor; 4] {
    let [rows, h] = sizes(sum);
    let rounded = borrow("rounded gradient", Kind::BFloat16, &[rows, h]);
    let (normalised, scales) = Normalised::kept(&kept.attended.normalised);
    let context = match &kept.attention {
        AttentionHalf::All(rows) => &rows.context,
        AttentionHalf::First(rows) => &rows.context,
    };
    let [bias, gamma, beta] = thirds(&norm_gradient(&NormGradient {
        flowing: Numbers::of(sum),
        also: Some(Numbers::of(product)),
        normalised,
        scales,
        gamma: floats(&kept.gammas[0]),
        sum: Numbers::of(sum),
        rounded: Numbers::of(&rounded),
    }));
    let weight = weight_gradient(&rounded, context);
    multiply(&rounded, &kept.weights.attention_output, product);
    [weight, bias, gamma, beta]
}

/// The gradients of the block's input and of its projections. `sum` flows into the residual, `product` into the
/// context.
fn all_rows_gradients(kept: &Kept, half: &AllRows, sum: Tensor, product: &Tensor) -> (Tensor, [Tensor; 6]) {
    let [rows, h] = sizes(&sum);
    let projected = borrow("projected gradient", Kind::BFloat16, &[rows, 3 * h]);
    attention_gradient(&Gradient {
        forward: attention_of(&kept.layout, kept.options, h, [&half.projected, &half.context], half.sums.as_ref()),
        flowing: Numbers::of(product),
        projected: Numbers::of(&projected),
    });
    let [query_bias, key_bias, value_bias] = thirds(&elementwise::column_sums(Numbers::of(&projected), 3 * h));
    let weights = weight_gradient(&projected, &half.input);
    let [query, key, value] = [0, 1, 2].map(|place| weights.narrow(0, (place * h) as i64, h as i64));
    multiply(&projected, &kept.weights.projections, product);
    elementwise::add(Numbers::of(product), Numbers::of(&sum));
    (sum, [query, query_bias, key, key_bias, value, value_bias])
}

/// `[out, in]` in fp32 from the gradient of a product `[R, out]` and its left factor `[R, in]`. A product with more
/// rows than columns takes half the time.
pub(super) fn weight_gradient(flowing: &Tensor, multiplied: &Tensor) -> Tensor {
    if flowing.size()[1] >= multiplied.size()[1] {
        return flowing.tr().mm(multiplied).to_kind(Kind::Float);
    }
    multiplied.tr().mm(flowing).tr().to_kind(Kind::Float).contiguous()
}

fn thirds(numbers: &[f32]) -> [Tensor; 3] {
    let size = numbers.len() / 3;
    [0, 1, 2].map(|third| Tensor::from_slice(&numbers[third * size..(third + 1) * size]))
}
