//! The gradient of attention, also one head of one sequence at a time (Dao et al. 2022, appendix B.2).
//!
//! ```text
//! dv = pᵀ·do    ds = p ∘ (do·vᵀ - Σ(do ∘ o))    dq = ds·k/√D    dk = dsᵀ·q/√D
//! ```
//! All products are transposed, 128 keys against all queries, so that no large matrix needs a transpose.
#![expect(unsafe_code, reason = "sequences of one tensor are written from several threads")]

use std::arch::x86_64::*;
use std::cell::RefCell;

use half::bf16;

use super::attention::{Attention, BLOCK, NOTHING, scaled};
use super::memory::Numbers;
use super::pack::{self, Buffer, Head};
use super::simd::{LANES, all, exp2, load, load_bf16, store_bf16, store_pairs};
use super::tile::{self, Sizes};
use crate::Sequence;

/// The gradients that flow in and out of an attention.
pub(crate) struct Gradient<'a> {
    /// The forward pass's tensors, with context and sums.
    pub(crate) forward: Attention<'a>,
    /// `[R, H]`
    pub(crate) flowing: Numbers<'a, bf16>,
    /// `[R, 3·H]`: gradients of queries, keys, values
    pub(crate) projected: Numbers<'a, bf16>,
}

#[derive(Default)]
struct Scratch {
    queries_transposed: Buffer<bf16>,
    queries: Buffer<bf16>,
    flowing_transposed: Buffer<bf16>,
    flowing: Buffer<bf16>,
    sums: Buffer<f32>,
    dots: Buffer<f32>,
    scores: Buffer<f32>,
    into_weights: Buffer<f32>,
    weights: Buffer<bf16>,
    into_scores: Buffer<bf16>,
    into_scores_in_pairs: Buffer<bf16>,
    keys: Buffer<bf16>,
    key_gradient: Buffer<f32>,
    query_gradient: Buffer<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Fill `projected`.
pub(crate) fn attention_gradient(on: &Gradient<'_>) {
    on.forward.each(|head, sequence| {
        SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: `native::serves` checked the processor; a head of a sequence belongs to one thread.
            unsafe { one_head(on, head, sequence, scratch) }
        });
    });
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this head's part.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn one_head(on: &Gradient<'_>, head: usize, sequence: &Sequence, scratch: &mut Scratch) {
    let (size, rows) = (on.forward.size, sequence.rows.len());
    let padded = pack::padded(rows);
    let [queries, keys, values] = [0, 1, 2].map(|which| on.forward.head(which, head, sequence));
    let flowing = flowing(on, head, sequence);
    let queries_transposed = pack::transposed_in_pairs(&queries, rows, padded, &mut scratch.queries_transposed);
    let queries = pack::rows_in_pairs(&queries, rows, padded, &mut scratch.queries);
    let flowing_transposed = pack::transposed_in_pairs(&flowing, rows, padded, &mut scratch.flowing_transposed);
    let flowing_rows = pack::rows_in_pairs(&flowing, rows, padded, &mut scratch.flowing);
    let (sums, dots) = (scratch.sums.of(padded), scratch.dots.of(padded));
    // SAFETY: the caller's promise.
    unsafe { per_query(on, head, sequence, &flowing, sums, dots) };
    let query_gradient = scratch.query_gradient.of(size * padded);
    query_gradient.fill(0.0);
    let factor = 1.0 / (size as f32).sqrt();
    for first in (0..sequence.tokens).step_by(BLOCK) {
        let count = BLOCK.min(sequence.tokens - first);
        let m = pack::padded(count);
        let (scores, into_weights) = (scratch.scores.of(m * padded), scratch.into_weights.of(m * padded));
        let sizes = Sizes { m, n: padded, k: size, left_stride: keys.stride };
        // SAFETY: the caller's promise.
        unsafe {
            tile::product(sizes, keys.from(first), queries_transposed, false, scores);
            tile::product(sizes, values.from(first), flowing_transposed, false, into_weights);
        }
        let weights = scratch.weights.of(m * padded);
        let (into_scores, in_pairs) = (scratch.into_scores.of(m * padded), scratch.into_scores_in_pairs.of(m * padded));
        let known = Known { sums, dots, scale: on.forward.scale() };
        for pair in 0..m / 2 {
            let place = 2 * pair * padded..2 * (pair + 1) * padded;
            let (from, to) = ((&scores[place.clone()], &into_weights[place.clone()]), place);
            let left = count.saturating_sub(2 * pair);
            let to = (&mut weights[to.clone()], &mut into_scores[to.clone()], &mut in_pairs[to]);
            two_keys(&known, left, from, to);
        }
        let keys_transposed = pack::transposed(&keys, first, count, m, &mut scratch.keys);
        let key_gradient = scratch.key_gradient.of(m * size);
        let sizes = Sizes { m, n: size, k: padded, left_stride: padded };
        // SAFETY: the caller's promise.
        unsafe {
            tile::product(sizes, into_scores, queries, false, key_gradient);
            give(on, 1, head, sequence.rows.start + first, &key_gradient[..count * size], factor);
            tile::product(sizes, weights, flowing_rows, false, key_gradient);
            give(on, 2, head, sequence.rows.start + first, &key_gradient[..count * size], 1.0);
            let sizes = Sizes { m: size, n: padded, k: m, left_stride: m };
            tile::product(sizes, keys_transposed, in_pairs, true, query_gradient);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { give_queries(on, head, sequence, query_gradient, padded, factor) };
}

/// This head's part of `flowing`.
fn flowing<'a>(on: &Gradient<'a>, head: usize, sequence: &Sequence) -> Head<'a> {
    let (size, stride) = (on.forward.size, on.forward.heads * on.forward.size);
    let from = on.forward.place(sequence.rows.start, head).start;
    let to = on.forward.place(sequence.rows.end - 1, head).end;
    // SAFETY: nothing writes what flows in.
    Head { numbers: unsafe { on.flowing.part(from..to) }, stride, size }
}

/// For each query the logarithm that the forward pass kept, and Σ(do ∘ o); padding queries get values whose weight is
/// 0.
///
/// # Safety
/// The processor has AVX-512 with bfloat16; nothing writes the forward pass's results.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn per_query(
    on: &Gradient<'_>,
    head: usize,
    sequence: &Sequence,
    flowing: &Head<'_>,
    sums: &mut [f32],
    dots: &mut [f32],
) {
    let rows = sequence.rows.len();
    sums[rows..].fill(-NOTHING);
    dots[rows..].fill(0.0);
    if let Some(kept) = &on.forward.sums {
        let at = head * on.forward.layout.rows() + sequence.rows.start;
        // SAFETY: the caller's promise.
        sums[..rows].copy_from_slice(unsafe { kept.part(at..at + rows) });
    }
    for (row, dot) in dots[..rows].iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        let context = unsafe { on.forward.context.part(on.forward.place(sequence.rows.start + row, head)) };
        let mut sum = _mm512_setzero_ps();
        for (a, b) in flowing.row(row).chunks_exact(LANES).zip(context.chunks_exact(LANES)) {
            sum = _mm512_fmadd_ps(load_bf16(a), load_bf16(b), sum);
        }
        *dot = _mm512_reduce_add_ps(sum);
    }
}

/// The values of all queries that every key needs.
struct Known<'a> {
    sums: &'a [f32],
    dots: &'a [f32],
    scale: f32,
}

/// Two keys against all queries: from scores and the gradients of the weights, `[2, P]` each, to the weights, the
/// gradients of the scores, and the latter once more in pairs. Only the first `left` keys count in the last.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn two_keys(
    known: &Known<'_>,
    left: usize,
    (scores, into_weights): (&[f32], &[f32]),
    (weights, into_scores, in_pairs): (&mut [bf16], &mut [bf16], &mut [bf16]),
) {
    let queries = known.sums.len();
    let masks = [u16::from(left > 0).wrapping_neg(), u16::from(left > 1).wrapping_neg()];
    for at in (0..queries).step_by(LANES) {
        let mut both = [_mm512_setzero_ps(); 2];
        for (key, kept) in both.iter_mut().enumerate() {
            let here = key * queries + at;
            let power = _mm512_fmsub_ps(load(&scores[here..]), all(known.scale), load(&known.sums[at..]));
            let weight = exp2(power);
            store_bf16(&mut weights[here..], weight);
            let gradient = _mm512_sub_ps(load(&into_weights[here..]), load(&known.dots[at..]));
            let gradient = _mm512_maskz_mul_ps(masks[key], weight, gradient);
            store_bf16(&mut into_scores[here..], gradient);
            *kept = gradient;
        }
        store_pairs(&mut in_pairs[2 * at..], both[0], both[1]);
    }
}

/// Write the gradient `[count, D]` of queries (0), keys (1) or values (2) times `factor`, from `row` on.
///
/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this head's part.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn give(on: &Gradient<'_>, which: usize, head: usize, row: usize, gradient: &[f32], factor: f32) {
    let Attention { heads, size, .. } = on.forward;
    for (index, gradient) in gradient.chunks_exact(size).enumerate() {
        let from = ((row + index) * 3 + which) * heads * size + head * size;
        // SAFETY: the caller's promise.
        scaled(gradient, factor, unsafe { on.projected.part_mut(from..from + size) });
    }
}

/// Write the gradient of all queries from `[D, padded]`, and zeros for keys and values that no query saw.
///
/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this head's part.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn give_queries(
    on: &Gradient<'_>,
    head: usize,
    sequence: &Sequence,
    transposed: &[f32],
    padded: usize,
    factor: f32,
) {
    let size = on.forward.size;
    let mut turned = [0.0; pack::LARGEST_HEAD];
    for (index, row) in sequence.rows.clone().enumerate() {
        for (column, number) in turned[..size].iter_mut().enumerate() {
            *number = transposed[column * padded + index];
        }
        // SAFETY: the caller's promise.
        unsafe { give(on, 0, head, row, &turned[..size], factor) };
        if index >= sequence.tokens {
            // SAFETY: the caller's promise.
            unsafe {
                [1, 2].iter().for_each(|&which| give(on, which, head, row, &[0.0; pack::LARGEST_HEAD][..size], 1.0))
            };
        }
    }
}
