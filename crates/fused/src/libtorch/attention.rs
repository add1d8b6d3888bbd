//! Attention within each sequence of a flat batch, in tch calls.

use tch::{Kind, Tensor as Tch};

use super::flash;
use crate::{BlockOptions, Layout, Precision, Run};

/// Up to this many positions plain products are faster than the CPU's flash kernel in bf16 (measured at D = 32, two
/// threads: 18 against 93 ms at 128 positions, 68 against 141 at 256, 228 against 180 at 512).
const PLAIN_ATTENTION_POSITIONS: usize = 300;

/// Queries, keys and values, `[R, H]` each, to `[R, H]`: in one call if the device has a kernel for sequences of
/// different lengths, otherwise run by run. With `first_only` there is one query for each sequence, `[B, H]`.
pub(super) fn attention(qkv: [Tch; 3], layout: &Layout, options: BlockOptions) -> Tch {
    let runs = layout.runs();
    if let [run] = runs.as_slice() {
        return of_run(&qkv, run, options);
    }
    if layout.is_tight() && flash::serves(&qkv[0], options) {
        return flash::attention(&qkv, layout, options);
    }
    let rows = |each: fn(&Run) -> usize| runs.iter().map(|run| (run.count * each(run)) as i64).collect::<Vec<_>>();
    let (queries, keys) = (rows(if options.first_only { |_| 1 } else { |run| run.rows }), rows(|run| run.rows));
    let [q, k, v] = qkv;
    let split = |x: Tch, rows: &[i64]| x.split_with_sizes(rows, 0); // unlike slices, gradients are joined at once
    let (q, k, v) = (split(q, &queries), split(k, &keys), split(v, &keys));
    let inputs = q.into_iter().zip(k).zip(v).map(|((q, k), v)| [q, k, v]);
    let contexts: Vec<Tch> = inputs.zip(&runs).map(|(qkv, run)| of_run(&qkv, run, options)).collect();
    Tch::cat(&contexts, 0)
}

/// The sequences of one run, without a mask: keys and values are cut to the real tokens.
fn of_run(qkv: &[Tch; 3], run: &Run, options: BlockOptions) -> Tch {
    let (h, n) = (qkv[0].size()[1], options.num_attention_heads as i64);
    let b = run.count as i64;
    let [q, k, v] = qkv.each_ref().map(|x| x.view([b, -1, n, h / n]).transpose(1, 2)); // [B, N, P or 1, D]
    let tokens = |x: Tch| if run.tokens < run.rows { x.narrow(2, 0, run.tokens as i64) } else { x };
    let (k, v) = (tokens(k), tokens(v));
    let on_cpu = !q.device().is_cuda();
    let context = if options.precision == Precision::Bf16 && on_cpu && run.rows <= PLAIN_ATTENTION_POSITIONS {
        in_plain_products(&q, &k, &v, options.dropout)
    } else {
        Tch::scaled_dot_product_attention(&q, &k, &v, None::<Tch>, options.dropout, false, None, false)
    };
    context.transpose(1, 2).reshape([-1, h])
}

/// softmax(q·kᵀ/√D)·v.
fn in_plain_products(q: &Tch, k: &Tch, v: &Tch, dropout: f64) -> Tch {
    let scale = 1.0 / (q.size()[3] as f64).sqrt();
    let weights = (q.matmul(&k.transpose(2, 3)) * scale).softmax(-1, None::<Kind>);
    let weights = if dropout > 0.0 { weights.dropout(dropout, true) } else { weights };
    weights.matmul(v)
}
