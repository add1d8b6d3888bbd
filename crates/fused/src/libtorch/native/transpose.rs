//! Transpose rows and interleave pairs of rows, sixteen numbers at a time.
#![expect(unsafe_code, reason = "vector loads and stores")]

use std::arch::x86_64::*;

use half::bf16;

use super::simd::LANES;

/// Store `first` and `second` as the first 16 pairs of `to`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn interleave(to: &mut [bf16], first: &[bf16], second: &[bf16]) {
    assert!(to.len() >= 2 * LANES);
    // SAFETY: there are 32 places of two bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), interleaved(first, second)) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn interleaved(first: &[bf16], second: &[bf16]) -> __m512i {
    assert!(first.len() >= LANES && second.len() >= LANES);
    // SAFETY: there are 16 numbers of two bytes to read in both; nothing needs alignment.
    let [first, second] =
        [first, second].map(|half| unsafe { _mm512_cvtepu16_epi32(_mm256_loadu_si256(half.as_ptr().cast())) });
    _mm512_or_si512(first, _mm512_slli_epi32::<16>(second))
}

/// 16 rows of 16 pairs, `from_stride` numbers apart, become 16 columns of `to`, whose rows are `to_stride` numbers apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn transpose_pairs(to: &mut [bf16], to_stride: usize, from: &[bf16], from_stride: usize) {
    assert!(from.len() >= (LANES - 1) * from_stride + 2 * LANES);
    // SAFETY: the last row still has 32 numbers of two bytes; the load needs no alignment.
    let rows = std::array::from_fn(|row| unsafe { _mm512_loadu_si512(from.as_ptr().add(row * from_stride).cast()) });
    store_rows(to, to_stride, transposed(rows));
}

/// 32 rows of 16 numbers, `from_stride` numbers apart, become 32 columns of `to`, whose rows are `to_stride` numbers apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn transpose(to: &mut [bf16], to_stride: usize, from: &[bf16], from_stride: usize) {
    let row = |row: usize| &from[row * from_stride..];
    store_rows(to, to_stride, transposed(std::array::from_fn(|pair| interleaved(row(2 * pair), row(2 * pair + 1)))));
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_rows(to: &mut [bf16], stride: usize, rows: [__m512i; LANES]) {
    assert!(to.len() >= (LANES - 1) * stride + 2 * LANES);
    for (row, numbers) in rows.into_iter().enumerate() {
        // SAFETY: the last row still has 32 places of two bytes; the store needs no alignment.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().add(row * stride).cast(), numbers) }
    }
}

/// Turn rows into columns: pairs of neighbours, fours, then quarters of the register.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512i; LANES]) -> [__m512i; LANES] {
    let twos: [__m512i; LANES] = std::array::from_fn(|i| match i % 2 {
        0 => _mm512_unpacklo_epi32(rows[i], rows[i + 1]),
        _ => _mm512_unpackhi_epi32(rows[i - 1], rows[i]),
    });
    let fours: [__m512i; LANES] = std::array::from_fn(|i| {
        let (first, second) = (twos[i / 4 * 4 + i % 4 / 2], twos[i / 4 * 4 + i % 4 / 2 + 2]);
        if i % 2 == 0 { _mm512_unpacklo_epi64(first, second) } else { _mm512_unpackhi_epi64(first, second) }
    });
    std::array::from_fn(|column| {
        let of = |rows: usize| fours[4 * rows + column % 4];
        let quarters = |first, second| match column / 4 % 2 {
            0 => _mm512_shuffle_i32x4::<0x88>(first, second),
            _ => _mm512_shuffle_i32x4::<0xdd>(first, second),
        };
        let (above, below) = (quarters(of(0), of(1)), quarters(of(2), of(3)));
        match column / 8 {
            0 => _mm512_shuffle_i32x4::<0x88>(above, below),
            _ => _mm512_shuffle_i32x4::<0xdd>(above, below),
        }
    })
}
