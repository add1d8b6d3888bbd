//! Sixteen numbers at a time: the functions of an LSTM cell in plain AVX-512.

use std::arch::x86_64::*;

use super::super::simd::{self, inverse};
pub(super) use super::super::simd::{LANES, all};

/// Beyond ±87 eˣ leaves the range of normal numbers, and a sigmoid's rounding.
const EXP_RANGE: f32 = 87.0;
/// ln 2 in two parts, the first exact in few bits: `n·LN_2[0]` rounds nothing away.
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];
/// (eˣ - 1 - x)/x² on ±½·ln 2, highest power first (Cephes, `expf`).
const EXP: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
/// Beyond this tanh is 1 within 3·10⁻⁷.
const TANH_RANGE: f32 = 7.905_311;
/// tanh(x)/x is a quotient of polynomials in x² (Eigen, `ptanh_float`): these above, those below, highest power first.
const TANH_ABOVE: [f32; 7] =
    [-2.760_768_5e-16, 2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619e-4, 4.893_524_6e-3];
const TANH_BELOW: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];

/// Numbers `at..at + 16` of `from`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(from: &[f32], at: usize) -> __m512 {
    simd::load(&from[at..])
}

/// Store to places `at..at + 16` of `to`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(to: &mut [f32], at: usize, x: __m512) {
    simd::store(&mut to[at..], x);
}

/// `x` limited to ±`most`; NaN stays NaN.
#[inline]
#[target_feature(enable = "avx512f")]
fn within(x: __m512, most: f32) -> __m512 {
    _mm512_min_ps(all(most), _mm512_max_ps(all(-most), x)) // both give back their second operand if it is NaN
}

/// The polynomial with these coefficients, highest power first, at `x`.
#[inline]
#[target_feature(enable = "avx512f")]
fn polynomial<const N: usize>(coefficients: [f32; N], x: __m512) -> __m512 {
    let mut sum = all(coefficients[0]);
    for coefficient in &coefficients[1..] {
        sum = _mm512_fmadd_ps(sum, x, all(*coefficient));
    }
    sum
}

/// eˣ: 2ⁿ·eʳ with |r| ≤ ½·ln 2.
#[inline]
#[target_feature(enable = "avx512f")]
fn exp(x: __m512) -> __m512 {
    let x = within(x, EXP_RANGE);
    let n = _mm512_roundscale_ps::<0>(_mm512_mul_ps(x, all(std::f32::consts::LOG2_E))); // to the nearest integer
    let r = _mm512_fnmadd_ps(n, all(LN_2[1]), _mm512_fnmadd_ps(n, all(LN_2[0]), x));
    let p = _mm512_fmadd_ps(polynomial(EXP, r), _mm512_mul_ps(r, r), _mm512_add_ps(r, all(1.0)));
    _mm512_scalef_ps(p, n)
}

/// 1/(1 + e⁻ˣ).
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn sigmoid(x: __m512) -> __m512 {
    inverse(_mm512_add_ps(all(1.0), exp(_mm512_sub_ps(_mm512_setzero_ps(), x))))
}

/// tanh(x).
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn tanh(x: __m512) -> __m512 {
    let x = within(x, TANH_RANGE);
    let square = _mm512_mul_ps(x, x);
    let above = _mm512_mul_ps(x, polynomial(TANH_ABOVE, square));
    _mm512_mul_ps(above, inverse(polynomial(TANH_BELOW, square)))
}

/// Numbers below 10⁻³⁰ become zero: a gradient that fades over many steps would otherwise become subnormal, and the
/// processor is a hundred times slower with subnormal numbers.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn without_traces(x: __m512) -> __m512 {
    let is_trace = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(_mm512_abs_ps(x), all(1e-30)); // false for NaN, which stays
    _mm512_mask_mov_ps(x, is_trace, _mm512_setzero_ps())
}

#[cfg(test)]
mod tests {
    #![expect(unsafe_code, reason = "functions of AVX-512 are called where it was found")]

    use super::*;

    /// Sigmoid, tanh and `without_traces` of `x`, each in a lane of its own choosing.
    #[target_feature(enable = "avx512f")]
    fn at(x: f32) -> [f32; 3] {
        [sigmoid(all(x)), tanh(all(x)), without_traces(all(x))].map(|value| {
            let mut numbers = [0.0; LANES];
            store(&mut numbers, 0, value);
            numbers[5]
        })
    }

    fn relative_error(value: f32, exact: f64) -> f64 {
        (f64::from(value) - exact).abs() / exact.abs().max(f64::from(f32::MIN_POSITIVE))
    }

    #[test]
    fn sigmoid_and_tanh_are_exact_to_a_millionth() {
        if !super::super::is_supported() {
            return;
        }
        for step in -200_000..=200_000 {
            let x = step as f32 * 4e-4; // ±80
            // SAFETY: the processor has been asked.
            let [sigmoid, tanh, _] = unsafe { at(x) };
            let exact = f64::from(x);
            assert!(relative_error(sigmoid, 1.0 / (1.0 + (-exact).exp())) < 1e-6, "sigmoid({x}) = {sigmoid}");
            assert!(relative_error(tanh, exact.tanh()) < 1e-6, "tanh({x}) = {tanh}");
            assert!(tanh.abs() <= 1.0 && (0.0..=1.0).contains(&sigmoid), "{x}: {tanh} {sigmoid}");
        }
    }

    #[test]
    fn nan_stays_nan_and_the_ends_are_the_limits() {
        if !super::super::is_supported() {
            return;
        }
        // SAFETY: the processor has been asked.
        let [nan, high, low, trace] = [f32::NAN, f32::INFINITY, -f32::INFINITY, 1e-31].map(|x| unsafe { at(x) });
        assert!(nan.iter().all(|x| x.is_nan()));
        assert!(high[0] == 1.0 && (1.0 - high[1]).abs() < 1e-6 && high[2].is_infinite());
        assert!(low[0] < 1e-37 && (1.0 + low[1]).abs() < 1e-6 && low[2].is_infinite());
        assert_eq!(trace[2], 0.0);
    }
}
