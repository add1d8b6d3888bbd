//! Self-attention of every sequence by itself: softmax(q·kᵀ/√D)·v (Vaswani et al. 2017, equation 1).
//!
//! One thread handles one head of one sequence at a time. No score leaves the cache: 128 queries meet all keys, and
//! only the logarithm of each query's sum is kept for the gradient, as in FlashAttention (Dao et al. 2022).
#![expect(unsafe_code, reason = "sequences of one tensor are written from several threads")]

use std::arch::x86_64::*;
use std::cell::RefCell;

use half::bf16;

use super::memory::{Numbers, parallel};
use super::pack::{self, Buffer, Head};
use super::simd::{LANES, all, exp2, load, store_bf16};
use super::tile::{self, Sizes};
use crate::{Layout, Sequence};

/// Queries in one tile.
pub(super) const BLOCK: usize = 128;

/// A finite score whose weight is 0.
pub(super) const NOTHING: f32 = -1e30;

/// The tensors of an attention.
pub(crate) struct Attention<'a> {
    pub(crate) layout: &'a Layout,
    /// N
    pub(crate) heads: usize,
    /// D
    pub(crate) size: usize,
    /// `[R + BLOCK, 3·H]`: queries, keys, values side by side, and rows after the last that may be read but are not
    /// used
    pub(crate) projected: Numbers<'a, bf16>,
    /// `[R, H]`, the result
    pub(crate) context: Numbers<'a, bf16>,
    /// `[N, R]`: for each query the binary logarithm of Σ 2^(score·log₂e), if a gradient follows
    pub(crate) sums: Option<Numbers<'a, f32>>,
}

impl<'a> Attention<'a> {
    /// log₂e/√D: the factor from a product of query and key to an exponent of two.
    pub(super) fn scale(&self) -> f32 {
        std::f32::consts::LOG2_E / (self.size as f32).sqrt()
    }

    /// Queries (0), keys (1) or values (2) of one head of `sequence`.
    pub(super) fn head(&self, which: usize, head: usize, sequence: &Sequence) -> Head<'a> {
        let (size, stride) = (self.size, 3 * self.heads * self.size);
        let from = sequence.rows.start * stride + (which * self.heads + head) * size;
        let to = (from + (sequence.rows.len() + BLOCK - 1) * stride + size).min(self.projected.len());
        // SAFETY: nothing writes the projections while attention reads them.
        Head { numbers: unsafe { self.projected.part(from..to) }, stride, size }
    }

    /// The place of `row` of one head in a tensor `[R, H]`.
    pub(super) fn place(&self, row: usize, head: usize) -> std::ops::Range<usize> {
        let from = (row * self.heads + head) * self.size;
        from..from + self.size
    }

    /// Do `work` on every head of every sequence; consecutive items belong to one head, so that threads share equally.
    pub(super) fn each(&self, work: impl Fn(usize, &Sequence) + Sync) {
        let sequences = self.layout.sequences();
        parallel(self.heads * sequences.len(), 1, |pieces| {
            pieces.for_each(|piece| work(piece / sequences.len(), &sequences[piece % sequences.len()]));
            tile::done();
        });
    }
}

/// Fill `context`, and `sums`.
pub(crate) fn attention(on: &Attention<'_>) {
    on.each(|head, sequence| {
        SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: `native::serves` checked the processor; a head of a sequence belongs to one thread.
            unsafe { one_head(on, head, sequence, scratch) }
        });
    });
}

/// A thread's buffers for one head, kept for the next head.
#[derive(Default)]
struct Scratch {
    keys: Buffer<bf16>,
    values: Buffer<bf16>,
    scores: Buffer<f32>,
    weights: Buffer<bf16>,
    context: Buffer<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this head's part.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn one_head(on: &Attention<'_>, head: usize, sequence: &Sequence, scratch: &mut Scratch) {
    let [queries, keys, values] = [0, 1, 2].map(|which| on.head(which, head, sequence));
    let padded = pack::padded(sequence.tokens);
    let keys = pack::transposed_in_pairs(&keys, sequence.tokens, padded, &mut scratch.keys);
    let values = pack::rows_in_pairs(&values, sequence.tokens, padded, &mut scratch.values);
    let (scores, weights) = (scratch.scores.of(BLOCK * padded), scratch.weights.of(BLOCK * padded));
    let context = scratch.context.of(BLOCK * on.size);
    for first in (0..sequence.rows.len()).step_by(BLOCK) {
        let count = BLOCK.min(sequence.rows.len() - first);
        let m = pack::padded(count);
        let sizes = Sizes { m, n: padded, k: on.size, left_stride: queries.stride };
        // SAFETY: the caller's promise.
        unsafe { tile::product(sizes, queries.from(first), keys, false, scores) };
        let mut inverse = [0.0; BLOCK];
        for (query, inverse) in inverse[..count].iter_mut().enumerate() {
            let place = query * padded..(query + 1) * padded;
            let (sum, logarithm) =
                softmax(&mut scores[place.clone()], sequence.tokens, on.scale(), &mut weights[place]);
            *inverse = 1.0 / sum;
            if let Some(sums) = &on.sums {
                let at = head * on.layout.rows() + sequence.rows.start + first + query;
                // SAFETY: the caller's promise.
                unsafe { sums.part_mut(at..at + 1).fill(logarithm) };
            }
        }
        let sizes = Sizes { m, n: on.size, k: padded, left_stride: padded };
        // SAFETY: the caller's promise.
        unsafe { tile::product(sizes, weights, values, false, context) };
        for (query, &inverse) in inverse[..count].iter().enumerate() {
            // SAFETY: the caller's promise.
            let to = unsafe { on.context.part_mut(on.place(sequence.rows.start + first + query, head)) };
            scaled(&context[query * on.size..], inverse, to);
        }
    }
}

/// 2^(score·scale - the largest) of the first `tokens` scores, 0 for the rest, not yet divided by their sum, which is
/// returned with log₂ Σ 2^(score·scale).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn softmax(scores: &mut [f32], tokens: usize, scale: f32, weights: &mut [bf16]) -> (f32, f32) {
    scores[tokens..].fill(NOTHING);
    let mut largest = [all(NOTHING); 2]; // two independent maxima; a row is 32·n long
    for scores in scores.chunks_exact(2 * LANES) {
        largest[0] = _mm512_max_ps(largest[0], load(scores));
        largest[1] = _mm512_max_ps(largest[1], load(&scores[LANES..]));
    }
    let largest = _mm512_reduce_max_ps(_mm512_max_ps(largest[0], largest[1])) * scale;
    let mut sum = _mm512_setzero_ps();
    for (scores, weights) in scores.chunks_exact(LANES).zip(weights.chunks_exact_mut(LANES)) {
        let weight = exp2(_mm512_fmsub_ps(load(scores), all(scale), all(largest)));
        sum = _mm512_add_ps(sum, weight);
        store_bf16(weights, weight);
    }
    let sum = _mm512_reduce_add_ps(sum);
    (sum, largest + sum.log2())
}

/// The first numbers of `from` times `factor`, rounded.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) fn scaled(from: &[f32], factor: f32, to: &mut [bf16]) {
    for (from, to) in from.chunks_exact(LANES).zip(to.chunks_exact_mut(LANES)) {
        store_bf16(to, _mm512_mul_ps(load(from), all(factor)));
    }
}
