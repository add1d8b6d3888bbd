//! The first half of a block of which only the first row of each sequence is needed: keys and values of all rows, but
//! queries, context and all later results of the first rows only.

use tch::{Kind, Tensor};

use super::super::attention_first::{First, FirstGradient, attention_first, attention_first_gradient};
use super::super::elementwise;
use super::super::memory::Numbers;
use super::super::workspace::{Scratch, borrow};
use super::gradient::weight_gradient;
use super::{Kept, Weights, multiply, sizes};
use crate::{BlockOptions, Layout};

/// The inputs and results of first-row attention.
#[derive(Debug)]
pub(super) struct FirstRows {
    /// `[B]`: the first rows
    starts: Tensor,
    /// `[R, H]`
    input: Scratch,
    /// `[B, H]`
    first_input: Scratch,
    queries: Scratch,
    /// `[R, 2·H]`
    keys_values: Scratch,
    /// `[N, R]`
    attention: Scratch,
    /// `[B, H]`
    pub(super) context: Scratch,
}

/// The attention and its residual, `[B, H]`.
pub(super) fn first_rows(
    inputs: &[Tensor],
    weights: &Weights,
    layout: &Layout,
    options: BlockOptions,
) -> (FirstRows, Tensor) {
    let ([rows, h], b) = (sizes(&inputs[0]), layout.sequences().len());
    let starts: Vec<i64> = layout.starts().into_iter().map(|row| row as i64).collect();
    let starts = Tensor::from_slice(&starts);
    let residual = inputs[0].index_select(0, &starts);
    let input = borrow("input", Kind::BFloat16, &[rows, h]);
    elementwise::round(Numbers::of(&inputs[0]), Numbers::of(&input));
    let first_input = borrow("first input", Kind::BFloat16, &[b, h]);
    elementwise::round(Numbers::of(&residual), Numbers::of(&first_input));
    let [query_weights, key_value_weights] = parts(&weights.projections, h);
    let queries = borrow("queries", Kind::BFloat16, &[b, h]);
    let _same = inputs[2].to_kind(Kind::BFloat16).addmm_out(&queries, &first_input, &query_weights.tr());
    let keys_values = borrow("keys and values", Kind::BFloat16, &[rows, 2 * h]);
    let bias = Tensor::cat(&[&inputs[4], &inputs[6]], 0).to_kind(Kind::BFloat16);
    let _same = bias.addmm_out(&keys_values, &input, &key_value_weights.tr());
    let attention = borrow("attention", Kind::Float, &[options.num_attention_heads, rows]);
    let context = borrow("first context", Kind::BFloat16, &[b, h]);
    let rows = FirstRows { starts, input, first_input, queries, keys_values, attention, context };
    attention_first(&rows.places(layout, options, h));
    (rows, residual)
}

/// The gradients of the block's input and of its projections. `sum` flows into the residual, `product` into the
/// context.
pub(super) fn gradients(kept: &Kept, half: &FirstRows, sum: &Tensor, product: &Tensor) -> (Tensor, [Tensor; 6]) {
    let ([b, h], rows) = (sizes(sum), kept.layout.rows());
    let queries = borrow("queries gradient", Kind::BFloat16, &[b, h]);
    let keys_values = borrow("keys and values gradient", Kind::BFloat16, &[rows, 2 * h]);
    attention_first_gradient(&FirstGradient {
        forward: half.places(&kept.layout, kept.options, h),
        flowing: Numbers::of(product),
        queries: Numbers::of(&queries),
        keys_values: Numbers::of(&keys_values),
    });
    let query = weight_gradient(&queries, &half.first_input);
    let [key, value] = halves(&weight_gradient(&keys_values, &half.input), h);
    let query_bias = Tensor::from_slice(&elementwise::column_sums(Numbers::of(&queries), h));
    let biases = Tensor::from_slice(&elementwise::column_sums(Numbers::of(&keys_values), 2 * h));
    let [key_bias, value_bias] = halves(&biases, h);
    let [query_weights, key_value_weights] = parts(&kept.weights.projections, h);
    let input = borrow("product", Kind::BFloat16, &[rows, h]);
    multiply(&keys_values, &key_value_weights, &input);
    multiply(&queries, &query_weights, product);
    elementwise::add(Numbers::of(product), Numbers::of(sum));
    let input = input.to_kind(Kind::Float).index_add_(0, &half.starts, sum);
    (input, [query, query_bias, key, key_bias, value, value_bias])
}

impl FirstRows {
    fn places<'a>(&'a self, layout: &'a Layout, options: BlockOptions, h: usize) -> First<'a> {
        First {
            layout,
            heads: options.num_attention_heads,
            size: h / options.num_attention_heads,
            queries: Numbers::of(&self.queries),
            keys_values: Numbers::of(&self.keys_values),
            weights: Numbers::of(&self.attention),
            context: Numbers::of(&self.context),
        }
    }
}

/// Split the projections `[3·H, H]` into the queries' and the keys' and values'.
fn parts(projections: &Tensor, h: usize) -> [Tensor; 2] {
    [projections.narrow(0, 0, h as i64), projections.narrow(0, h as i64, 2 * h as i64)]
}

fn halves(of: &Tensor, h: usize) -> [Tensor; 2] {
    [0, h as i64].map(|from| of.narrow(0, from, h as i64))
}
