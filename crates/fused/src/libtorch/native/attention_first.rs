//! Attention of one query for each sequence, its first row, to all tokens of that sequence, and its gradient.
//!
//! ```text
//! p = softmax(q·kᵀ/√D)    o = p·v
//! dv = p·do    ds = p ∘ (do·v - Σ p ∘ (do·v))    dq = ds·k/√D    dk = ds·q/√D
//! ```
#![expect(unsafe_code, reason = "sequences of one tensor are written from several threads")]

use std::arch::x86_64::*;

use half::bf16;

use super::memory::{Numbers, parallel};
use super::pack::LARGEST_HEAD;
use super::simd::{LANES, all, exp2, grow, load, load_bf16, store, store_bf16};
use crate::{Layout, Sequence};

/// The tensors of an attention of first rows.
pub(crate) struct First<'a> {
    pub(crate) layout: &'a Layout,
    /// N
    pub(crate) heads: usize,
    /// D
    pub(crate) size: usize,
    /// `[B, H]`
    pub(crate) queries: Numbers<'a, bf16>,
    /// `[R, 2·H]`: keys and values side by side
    pub(crate) keys_values: Numbers<'a, bf16>,
    /// `[N, R]`: each query's weight of each row; the gradient reads it
    pub(crate) weights: Numbers<'a, f32>,
    /// `[B, H]`, the result
    pub(crate) context: Numbers<'a, bf16>,
}

/// The gradients that flow in and out of such an attention.
pub(crate) struct FirstGradient<'a> {
    /// The forward pass's tensors, with the weights.
    pub(crate) forward: First<'a>,
    /// `[B, H]`
    pub(crate) flowing: Numbers<'a, bf16>,
    /// `[B, H]`
    pub(crate) queries: Numbers<'a, bf16>,
    /// `[R, 2·H]`
    pub(crate) keys_values: Numbers<'a, bf16>,
}

/// One vector of a head in fp32, of which D numbers are used.
type Vector = [f32; LARGEST_HEAD];

/// One head of one sequence.
#[derive(Clone, Copy)]
struct Piece<'a> {
    index: usize,
    head: usize,
    sequence: &'a Sequence,
}

impl First<'_> {
    /// Do `work` on every head of every sequence.
    fn each(&self, work: impl Fn(Piece<'_>) + Sync) {
        let sequences = self.layout.sequences();
        parallel(self.heads * sequences.len(), 1, |pieces| {
            for piece in pieces {
                let (head, index) = (piece / sequences.len(), piece % sequences.len());
                work(Piece { index, head, sequence: &sequences[index] });
            }
        });
    }

    /// The place of a head in a tensor `[B, H]`.
    fn place(&self, piece: Piece<'_>) -> std::ops::Range<usize> {
        let from = (piece.index * self.heads + piece.head) * self.size;
        from..from + self.size
    }

    /// The place of a row's key (0) or value (1) in a tensor `[R, 2·H]`.
    fn row(&self, piece: Piece<'_>, row: usize, which: usize) -> std::ops::Range<usize> {
        let from = ((2 * (piece.sequence.rows.start + row) + which) * self.heads + piece.head) * self.size;
        from..from + self.size
    }

    /// The place of the weights in a tensor `[N, R]`.
    fn weights(&self, piece: Piece<'_>) -> std::ops::Range<usize> {
        let from = piece.head * self.layout.rows() + piece.sequence.rows.start;
        from..from + piece.sequence.tokens
    }
}

/// Fill `context` and `weights`.
pub(crate) fn attention_first(on: &First<'_>) {
    // SAFETY: `native::serves` checked the processor; a head of a sequence belongs to one thread.
    on.each(|piece| unsafe { forward(on, piece) });
}

/// Fill `queries` and `keys_values`.
pub(crate) fn attention_first_gradient(on: &FirstGradient<'_>) {
    // SAFETY: as above.
    on.forward.each(|piece| unsafe { backward(on, piece) });
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this head's part.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn forward(on: &First<'_>, piece: Piece<'_>) {
    // SAFETY: nothing writes queries, keys and values now; the rest is the caller's promise.
    let (query, weights, context) = unsafe {
        (on.queries.part(on.place(piece)), on.weights.part_mut(on.weights(piece)), on.context.part_mut(on.place(piece)))
    };
    // SAFETY: as above.
    let row = |row, which| unsafe { on.keys_values.part(on.row(piece, row, which)) };
    let query = widened(query, std::f32::consts::LOG2_E / (on.size as f32).sqrt());
    for (at, weight) in weights.iter_mut().enumerate() {
        *weight = dot(&query, row(at, 0));
    }
    softmax(weights);
    let mut sum = [0.0; LARGEST_HEAD];
    for (at, &weight) in weights.iter().enumerate() {
        add(&mut sum, row(at, 1), weight);
    }
    rounded(&sum, 1.0, context);
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this head's part.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn backward(on: &FirstGradient<'_>, piece: Piece<'_>) {
    let (forward, scale) = (&on.forward, 1.0 / (on.forward.size as f32).sqrt());
    // SAFETY: nothing writes the forward pass's tensors now; the rest is the caller's promise.
    let (query, flowing, weights) = unsafe {
        let place = forward.place(piece);
        (forward.queries.part(place.clone()), on.flowing.part(place), forward.weights.part(forward.weights(piece)))
    };
    let (query, flowing) = (widened(query, scale), widened(flowing, 1.0));
    // SAFETY: as above.
    let read = |row, which| unsafe { forward.keys_values.part(forward.row(piece, row, which)) };
    // SAFETY: as above; one row at a time.
    let write = |row, which| unsafe { on.keys_values.part_mut(forward.row(piece, row, which)) };
    let into_weight = |row| dot(&flowing, read(row, 1));
    let mean: f32 = weights.iter().enumerate().map(|(row, weight)| weight * into_weight(row)).sum();
    let mut query_gradient = [0.0; LARGEST_HEAD];
    for (row, &weight) in weights.iter().enumerate() {
        let into_score = weight * (into_weight(row) - mean);
        add(&mut query_gradient, read(row, 0), into_score);
        rounded(&query, into_score, write(row, 0));
        rounded(&flowing, weight, write(row, 1));
    }
    for row in piece.sequence.tokens..piece.sequence.rows.len() {
        (0..2).for_each(|which| write(row, which).fill(bf16::ZERO));
    }
    // SAFETY: the caller's promise.
    rounded(&query_gradient, scale, unsafe { on.queries.part_mut(forward.place(piece)) });
}

/// 2^(score - the largest), divided by their sum.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (whole, rest) = scores.split_at_mut(scores.len() / LANES * LANES);
    for scores in whole.chunks_exact_mut(LANES) {
        let powers = exp2(_mm512_sub_ps(load(scores), all(largest)));
        store(scores, powers);
    }
    rest.iter_mut().for_each(|score| *score = (*score - largest).exp2());
    let inverse = 1.0 / scores.iter().sum::<f32>();
    scores.iter_mut().for_each(|score| *score *= inverse);
}

/// `from` times `factor` in fp32.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn widened(from: &[bf16], factor: f32) -> Vector {
    let mut to = [0.0; LARGEST_HEAD];
    add(&mut to, from, factor);
    to
}

/// Σ aᵢ·bᵢ.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn dot(a: &Vector, b: &[bf16]) -> f32 {
    let mut sum = _mm512_setzero_ps();
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        sum = _mm512_fmadd_ps(load(a), load_bf16(b), sum);
    }
    _mm512_reduce_add_ps(sum)
}

/// `to` grows by `from` times `factor`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn add(to: &mut Vector, from: &[bf16], factor: f32) {
    for (to, from) in to.chunks_exact_mut(LANES).zip(from.chunks_exact(LANES)) {
        grow(to, _mm512_mul_ps(load_bf16(from), all(factor)));
    }
}

/// `to` becomes `from` times `factor`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn rounded(from: &Vector, factor: f32, to: &mut [bf16]) {
    for (from, to) in from.chunks_exact(LANES).zip(to.chunks_exact_mut(LANES)) {
        store_bf16(to, _mm512_mul_ps(load(from), all(factor)));
    }
}
