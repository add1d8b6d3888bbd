//! Small products of bfloat16 numbers into fp32 ones, on one thread: the building block of attention.
//!
//! The right factor is laid out in pairs, `[k/2, n, 2]`, the form of the processor's instructions. With AMX, LibTorch's
//! (oneDNN's) own kernel computes the product; otherwise the one below does, with AVX-512's bfloat16 dot product.
#![expect(unsafe_code, reason = "vector loads and stores, and one call of C++")]

use std::arch::x86_64::*;
use std::sync::OnceLock;

use half::bf16;

use super::simd::LANES;

/// The sizes of `[m, k] · [k, n]`; k is even and n a multiple of 16.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    /// Distance between two rows of the left factor.
    pub(crate) left_stride: usize,
}

unsafe extern "C" {
    fn shim_has_tiles() -> bool;
    fn shim_tile_product(
        m: i64,
        n: i64,
        k: i64,
        left_stride: i64,
        add: bool,
        left: *const bf16,
        right: *const bf16,
        to: *mut f32,
    );
    fn shim_tiles_done();
}

fn has_tiles() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    // SAFETY: the function only queries the processor.
    *HAS.get_or_init(|| unsafe { shim_has_tiles() })
}

/// `to` `[m, n]` becomes (or, with `add`, grows by) `left · right`.
///
/// # Safety
/// The processor has AVX-512 with bfloat16.
pub(crate) unsafe fn product(sizes: Sizes, left: &[bf16], right: &[bf16], add: bool, to: &mut [f32]) {
    let Sizes { m, n, k, left_stride } = sizes;
    assert!(k % 2 == 0 && n % LANES == 0 && left.len() >= (m - 1) * left_stride + k);
    assert!(right.len() >= k * n && to.len() >= m * n);
    if has_tiles() {
        // SAFETY: all rows lie within their slices, as was just asserted.
        unsafe {
            let [m, n, k, stride] = [m, n, k, left_stride].map(|size| size as i64);
            shim_tile_product(m, n, k, stride, add, left.as_ptr(), right.as_ptr(), to.as_mut_ptr());
        }
    } else {
        // SAFETY: the caller's promise.
        unsafe { by_dot_products(sizes, left, right, add, to) }
    }
}

/// Release AMX's state; each thread calls this after its last product.
pub(crate) fn done() {
    if has_tiles() {
        // SAFETY: the function releases only what this thread's products used.
        unsafe { shim_tiles_done() }
    }
}

/// Rows of the result in registers at once.
const HELD_ROWS: usize = 6;
/// Vectors of each such row.
const HELD_VECTORS: usize = 4;

/// # Safety
/// The processor has AVX-512 with bfloat16; the slices have the lengths that `sizes` requires.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn by_dot_products(sizes: Sizes, left: &[bf16], right: &[bf16], add: bool, to: &mut [f32]) {
    for row in (0..sizes.m).step_by(HELD_ROWS) {
        for column in (0..sizes.n).step_by(HELD_VECTORS * LANES) {
            let (rows, vectors) = (HELD_ROWS.min(sizes.m - row), HELD_VECTORS.min((sizes.n - column) / LANES));
            // SAFETY: the rows and columns lie within the sizes.
            unsafe {
                match (rows, vectors) {
                    (HELD_ROWS, HELD_VECTORS) => {
                        patch::<HELD_ROWS, HELD_VECTORS>(sizes, row, column, left, right, add, to)
                    }
                    _ => (row..row + rows).for_each(|row| {
                        for column in (column..column + vectors * LANES).step_by(LANES) {
                            patch::<1, 1>(sizes, row, column, left, right, add, to);
                        }
                    }),
                }
            }
        }
    }
}

/// # Safety
/// As above, and `M` rows from `row` on and `N` vectors from `column` on lie within the sizes.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn patch<const M: usize, const N: usize>(
    sizes: Sizes,
    row: usize,
    column: usize,
    left: &[bf16],
    right: &[bf16],
    add: bool,
    to: &mut [f32],
) {
    let Sizes { n, k, left_stride, .. } = sizes;
    let mut held = [[_mm512_setzero_ps(); N]; M];
    for pair in 0..k / 2 {
        let columns: [__m512bh; N] = std::array::from_fn(|vector| {
            let at = 2 * (pair * n + column + vector * LANES);
            // SAFETY: 32 numbers from here on belong to this pair of rows of the right factor.
            unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_loadu_si512(right.as_ptr().add(at).cast())) }
        });
        for (i, held) in held.iter_mut().enumerate() {
            let at = (row + i) * left_stride + 2 * pair;
            // SAFETY: two numbers from here on belong to this row of the left factor.
            let two = unsafe { left.as_ptr().add(at).cast::<i32>().read_unaligned() };
            // SAFETY: both types are 64 bytes of plain numbers.
            let two = unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(two)) };
            for (held, &columns) in held.iter_mut().zip(&columns) {
                *held = _mm512_dpbf16_ps(*held, two, columns);
            }
        }
    }
    for (i, held) in held.iter().enumerate() {
        for (vector, &held) in held.iter().enumerate() {
            let at = (row + i) * n + column + vector * LANES;
            // SAFETY: 16 numbers from here on belong to this row of the result.
            unsafe {
                let place = to.as_mut_ptr().add(at);
                let sum = if add { _mm512_add_ps(held, _mm512_loadu_ps(place)) } else { held };
                _mm512_storeu_ps(place, sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: usize, count: usize) -> Vec<bf16> {
        (0..count).map(|i| bf16::from_f32(((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0)).collect()
    }

    fn in_pairs(right: &[bf16], k: usize, n: usize) -> Vec<bf16> {
        let at = |i: usize| right[(2 * (i / (2 * n)) + i % 2) * n + i / 2 % n];
        (0..k * n).map(at).collect()
    }

    /// Both kernels on sizes that fill no register block, against sums in f64.
    #[test]
    fn a_product_is_the_sum_of_products() {
        if !crate::libtorch::native::simd::is_supported() {
            return;
        }
        for [m, n, k] in [[1, 16, 2], [7, 80, 32], [64, 96, 64], [32, 512, 32], [13, 64, 48]] {
            let stride = k + 6;
            let (left, right) = (numbers(1, m * stride), numbers(2, k * n));
            let paired = in_pairs(&right, k, n);
            let sizes = Sizes { m, n, k, left_stride: stride };
            for kernel in [product, by_dot_products] {
                let mut to = vec![1.0; m * n];
                // SAFETY: the processor has been asked, and the slices are as long as the sizes.
                unsafe { kernel(sizes, &left, &paired, true, &mut to) };
                for (i, &sum) in to.iter().enumerate() {
                    let (row, column) = (i / n, i % n);
                    let term = |j: usize| left[row * stride + j].to_f64() * right[j * n + column].to_f64();
                    let exact = 1.0 + (0..k).map(term).sum::<f64>();
                    assert!((f64::from(sum) - exact).abs() < 1e-4, "{sizes:?} at {row}, {column}: {sum}, {exact}");
                }
            }
            done();
        }
    }
}
