//! Operations on rows: bias, residual sum and LayerNorm in one pass, their gradient in another.
#![expect(unsafe_code, reason = "rows of one tensor are written from several threads")]

use std::arch::x86_64::*;
use std::ops::Range;

use half::bf16;

use super::memory::{Numbers, parallel, parallel_sums};
use super::simd::{LANES, all, grow, load, load_bf16, store, store_bf16};

/// Minimum of rows for one thread.
const GRAIN: usize = 32;

/// The inputs and outputs of LayerNorm.
pub(crate) struct Norm<'a> {
    /// `[R, H]`: a product without its bias
    pub(crate) product: Numbers<'a, bf16>,
    /// `[H]`
    pub(crate) bias: &'a [f32],
    /// `[R, H]`
    pub(crate) residual: Numbers<'a, f32>,
    /// `[H]`
    pub(crate) gamma: &'a [f32],
    /// `[H]`
    pub(crate) beta: &'a [f32],
    pub(crate) epsilon: f32,
    /// `[R, H]`, the result
    pub(crate) output: Numbers<'a, f32>,
    /// `[R, H]`, the rounded result, if a product follows
    pub(crate) rounded: Option<Numbers<'a, bf16>>,
    /// `[R, H]` (x - mean)/deviation and `[R]` 1/deviation, if a gradient follows
    pub(crate) kept: Option<(Numbers<'a, bf16>, Numbers<'a, f32>)>,
}

/// LayerNorm (Ba et al. 2016) of product + bias + residual.
pub(crate) fn norm(on: &Norm<'_>) {
    let h = on.bias.len();
    parallel(on.output.len() / h, GRAIN, |rows| {
        for row in rows {
            // SAFETY: `native::serves` checked the processor; each row belongs to one thread.
            unsafe { norm_row(on, row, row * h..(row + 1) * h) }
        }
    });
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this row.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn norm_row(on: &Norm<'_>, row: usize, place: Range<usize>) {
    // SAFETY: the caller's promise; input and output are different tensors.
    let (product, residual, output) =
        unsafe { (on.product.part(place.clone()), on.residual.part(place.clone()), on.output.part_mut(place.clone())) };
    let h = output.len();
    let mut sum = _mm512_setzero_ps();
    for at in (0..h).step_by(LANES) {
        let x = _mm512_add_ps(load_bf16(&product[at..]), load(&on.bias[at..]));
        let x = _mm512_add_ps(x, load(&residual[at..]));
        sum = _mm512_add_ps(sum, x);
        store(&mut output[at..], x);
    }
    let mean = all(_mm512_reduce_add_ps(sum) / h as f32);
    let mut squares = _mm512_setzero_ps();
    for at in (0..h).step_by(LANES) {
        let x = _mm512_sub_ps(load(&output[at..]), mean);
        squares = _mm512_fmadd_ps(x, x, squares);
    }
    let scale = 1.0 / (_mm512_reduce_add_ps(squares) / h as f32 + on.epsilon).sqrt();
    for at in (0..h).step_by(LANES) {
        let x = _mm512_mul_ps(_mm512_sub_ps(load(&output[at..]), mean), all(scale));
        let y = _mm512_fmadd_ps(x, load(&on.gamma[at..]), load(&on.beta[at..]));
        store(&mut output[at..], y);
        // SAFETY: the caller's promise.
        unsafe {
            let here = place.start + at..place.start + at + LANES;
            if let Some(rounded) = &on.rounded {
                store_bf16(rounded.part_mut(here.clone()), y);
            }
            if let Some((normalised, _)) = &on.kept {
                store_bf16(normalised.part_mut(here), x);
            }
        }
    }
    if let Some((_, scales)) = &on.kept {
        // SAFETY: the caller's promise.
        unsafe { scales.part_mut(row..row + 1).fill(scale) };
    }
}

/// The inputs and outputs of LayerNorm's gradient.
pub(crate) struct NormGradient<'a> {
    /// `[R, H]`, the result's gradient
    pub(crate) flowing: Numbers<'a, f32>,
    /// `[R, H]`, the gradient from a product of the result
    pub(crate) also: Option<Numbers<'a, bf16>>,
    /// `[R, H]`, kept by [`norm`]
    pub(crate) normalised: Numbers<'a, bf16>,
    /// `[R]`, kept by [`norm`]
    pub(crate) scales: Numbers<'a, f32>,
    /// `[H]`
    pub(crate) gamma: &'a [f32],
    /// `[R, H]`, the gradient of the sum that was normalised; may be `flowing` itself
    pub(crate) sum: Numbers<'a, f32>,
    /// `[R, H]`, the same, rounded
    pub(crate) rounded: Numbers<'a, bf16>,
}

/// The gradients of bias, gamma and beta, `[H]` each, concatenated; the others are written to their places.
pub(crate) fn norm_gradient(on: &NormGradient<'_>) -> Vec<f32> {
    let h = on.gamma.len();
    parallel_sums(on.sum.len() / h, GRAIN, 3 * h, |rows, sums| {
        for row in rows {
            // SAFETY: `native::serves` checked the processor; each row belongs to one thread.
            unsafe { norm_gradient_row(on, row, row * h..(row + 1) * h, sums) }
        }
    })
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes this row.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn norm_gradient_row(on: &NormGradient<'_>, row: usize, place: Range<usize>, sums: &mut [f32]) {
    let h = place.len();
    let (bias, rest) = sums.split_at_mut(h);
    let (gamma, beta) = rest.split_at_mut(h);
    // SAFETY: the caller's promise.
    let (normalised, rounded) = unsafe { (on.normalised.part(place.clone()), on.rounded.part_mut(place.clone())) };
    let (mut mean, mut product) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    for at in (0..h).step_by(LANES) {
        // SAFETY: the caller's promise.
        let dy = unsafe { flowing(on, place.start + at) };
        let x = load_bf16(&normalised[at..]);
        grow(&mut gamma[at..], _mm512_mul_ps(dy, x));
        grow(&mut beta[at..], dy);
        let dx = _mm512_mul_ps(dy, load(&on.gamma[at..]));
        // SAFETY: the caller's promise. If `sum` is `flowing`, these 16 numbers have been read.
        store(unsafe { on.sum.part_mut(place.start + at..place.start + at + LANES) }, dx);
        mean = _mm512_add_ps(mean, dx);
        product = _mm512_fmadd_ps(dx, x, product);
    }
    let [mean, product] = [mean, product].map(|x| all(_mm512_reduce_add_ps(x) / h as f32));
    // SAFETY: the caller's promise.
    let scale = all(unsafe { on.scales.part(row..row + 1) }[0]);
    // SAFETY: the caller's promise. `flowing` is not read any more.
    let sum = unsafe { on.sum.part_mut(place) };
    for at in (0..h).step_by(LANES) {
        let dx = _mm512_fnmadd_ps(load_bf16(&normalised[at..]), product, _mm512_sub_ps(load(&sum[at..]), mean));
        let dx = _mm512_mul_ps(dx, scale);
        store(&mut sum[at..], dx);
        store_bf16(&mut rounded[at..], dx);
        grow(&mut bias[at..], dx);
    }
}

/// # Safety
/// The processor has AVX-512 with bfloat16; nothing else writes these 16 numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn flowing(on: &NormGradient<'_>, at: usize) -> __m512 {
    // SAFETY: the caller's promise.
    let dy = load(unsafe { on.flowing.part(at..at + LANES) });
    match &on.also {
        // SAFETY: the caller's promise.
        Some(also) => _mm512_add_ps(dy, load_bf16(unsafe { also.part(at..at + LANES) })),
        None => dy,
    }
}
