//! Operations on single numbers: rounding, GELU and its gradient, sums.
#![expect(unsafe_code, reason = "parts of one tensor are written from several threads")]

use std::arch::x86_64::*;
use std::ops::Range;

use half::bf16;

use super::memory::{Numbers, parallel, parallel_sums};
use super::simd::{LANES, all, grow, load, load_bf16, normal, store_bf16};

/// Minimum of numbers for one thread.
const GRAIN: usize = 16_384;

/// 1/√(2π)
const BELL_HEIGHT: f32 = 0.398_942_3;

/// Round the first numbers of `from` into `to`. Their count is a multiple of 16.
pub(crate) fn round(from: Numbers<'_, f32>, to: Numbers<'_, bf16>) {
    // SAFETY: `native::serves` checked the processor; the parts are disjoint.
    in_parts(from.len(), |part| unsafe { round_all(from.part(part.clone()), to.part_mut(part)) });
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn round_all(from: &[f32], to: &mut [bf16]) {
    for (from, to) in from.chunks_exact(LANES).zip(to.chunks_exact_mut(LANES)) {
        store_bf16(to, load(from));
    }
}

/// `to` += `product`. Their count is a multiple of 16.
pub(crate) fn add(product: Numbers<'_, bf16>, to: Numbers<'_, f32>) {
    // SAFETY: `native::serves` checked the processor; the parts are disjoint.
    in_parts(to.len(), |part| unsafe { add_all(product.part(part.clone()), to.part_mut(part)) });
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn add_all(product: &[bf16], to: &mut [f32]) {
    for (product, to) in product.chunks_exact(LANES).zip(to.chunks_exact_mut(LANES)) {
        grow(to, load_bf16(product));
    }
}

/// `0..count` split at multiples of 16, one part for each thread.
fn in_parts(count: usize, work: impl Fn(Range<usize>) + Sync) {
    parallel(count / LANES, GRAIN / LANES, |vectors| work(vectors.start * LANES..vectors.end * LANES));
}

/// GELU(product + bias) (Hendrycks & Gimpel 2016, exact form x·Φ(x)), `[R, I]`, rounded.
pub(crate) fn gelu(product: Numbers<'_, bf16>, bias: &[f32], to: Numbers<'_, bf16>) {
    let width = bias.len();
    parallel(to.len() / width, GRAIN / width, |rows| {
        for row in rows {
            let place = row * width..(row + 1) * width;
            // SAFETY: `native::serves` checked the processor; each row belongs to one thread.
            unsafe { gelu_row(product.part(place.clone()), bias, to.part_mut(place)) }
        }
    });
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn gelu_row(product: &[bf16], bias: &[f32], to: &mut [bf16]) {
    for at in (0..to.len()).step_by(LANES) {
        let x = _mm512_add_ps(load_bf16(&product[at..]), load(&bias[at..]));
        store_bf16(&mut to[at..], _mm512_mul_ps(x, normal(x).0));
    }
}

/// The gradient of [`gelu`]: `flowing` `[R, I]` becomes the product's gradient, and `again` the forward result once
/// more, because computing it costs less than keeping it. Returns the gradient of the bias, `[I]`.
pub(crate) fn gelu_gradient(
    product: Numbers<'_, bf16>,
    bias: &[f32],
    flowing: Numbers<'_, bf16>,
    again: Numbers<'_, bf16>,
) -> Vec<f32> {
    let width = bias.len();
    parallel_sums(flowing.len() / width, GRAIN / width, width, |rows, sums| {
        for row in rows {
            let place = row * width..(row + 1) * width;
            // SAFETY: `native::serves` checked the processor; each row belongs to one thread.
            unsafe {
                let (product, flowing) = (product.part(place.clone()), flowing.part_mut(place.clone()));
                gelu_gradient_row(product, bias, flowing, again.part_mut(place), sums);
            }
        }
    })
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn gelu_gradient_row(product: &[bf16], bias: &[f32], flowing: &mut [bf16], again: &mut [bf16], sums: &mut [f32]) {
    for at in (0..flowing.len()).step_by(LANES) {
        let x = _mm512_add_ps(load_bf16(&product[at..]), load(&bias[at..]));
        let (share, bell) = normal(x);
        store_bf16(&mut again[at..], _mm512_mul_ps(x, share));
        let slope = _mm512_fmadd_ps(_mm512_mul_ps(x, bell), all(BELL_HEIGHT), share);
        let gradient = _mm512_mul_ps(load_bf16(&flowing[at..]), slope);
        store_bf16(&mut flowing[at..], gradient);
        grow(&mut sums[at..], gradient);
    }
}

/// The sum of all rows of `[R, width]`.
pub(crate) fn column_sums(of: Numbers<'_, bf16>, width: usize) -> Vec<f32> {
    parallel_sums(of.len() / width, GRAIN / width, width, |rows, sums| {
        for row in rows {
            // SAFETY: `native::serves` checked the processor; nothing writes here.
            unsafe { add_all(of.part(row * width..(row + 1) * width), sums) }
        }
    })
}
