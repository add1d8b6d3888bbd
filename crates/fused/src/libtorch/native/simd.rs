//! Sixteen numbers at a time: the building blocks of the kernels. AVX-512 with bfloat16 conversion, detected at run
//! time.
#![expect(unsafe_code, reason = "vector loads and stores")]

use std::arch::x86_64::*;

use half::bf16;

/// Numbers in a vector.
pub(crate) const LANES: usize = 16;

/// Whether this processor supports the functions of this file.
pub(crate) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bf16")
}

/// The first 16 of `from`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load(from: &[f32]) -> __m512 {
    assert!(from.len() >= LANES);
    // SAFETY: there are at least 16 numbers; the load needs no alignment.
    unsafe { _mm512_loadu_ps(from.as_ptr()) }
}

/// Store to the first 16 of `to`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store(to: &mut [f32], x: __m512) {
    assert!(to.len() >= LANES);
    // SAFETY: there are at least 16 places; the store needs no alignment.
    unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
}

/// Add `x` to the first 16 of `to`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn grow(to: &mut [f32], x: __m512) {
    let sum = _mm512_add_ps(load(to), x);
    store(to, sum);
}

/// The first 16 of `from`, converted to fp32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn load_bf16(from: &[bf16]) -> __m512 {
    assert!(from.len() >= LANES);
    // SAFETY: there are at least 16 numbers of two bytes; the load needs no alignment.
    let half = unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(half)))
}

/// Store to the first 16 of `to`, rounded to nearest even.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn store_bf16(to: &mut [bf16], x: __m512) {
    assert!(to.len() >= LANES);
    // SAFETY: there are at least 16 places of two bytes; the store needs no alignment; both types are 32 bytes of
    // plain numbers.
    unsafe {
        _mm256_storeu_si256(to.as_mut_ptr().cast(), std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(x)))
    }
}

/// Store `first` and `second`, rounded, as the first 16 pairs of `to`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn store_pairs(to: &mut [bf16], first: __m512, second: __m512) {
    assert!(to.len() >= 2 * LANES);
    let both = _mm512_or_si512(bits(first), _mm512_slli_epi32::<16>(bits(second)));
    // SAFETY: there are at least 32 places of two bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), both) }
}

/// Each number rounded to bfloat16, in the lower half of its lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn bits(x: __m512) -> __m512i {
    // SAFETY: both types are 32 bytes of plain numbers.
    _mm512_cvtepu16_epi32(unsafe { std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(x)) })
}

/// `x` in all 16 places.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn all(x: f32) -> __m512 {
    _mm512_set1_ps(x)
}

/// 2ˣ, with a relative error below 3·10⁻⁷ (polynomial on [-½, ½], minimax by Remez' algorithm); 0 below 2⁻¹⁴⁹.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn exp2(x: __m512) -> __m512 {
    let whole = _mm512_roundscale_ps::<0>(x);
    let rest = _mm512_sub_ps(x, whole);
    let p = all(1.326_472_5e-3);
    let p = _mm512_fmadd_ps(p, rest, all(9.671_513e-3));
    let p = _mm512_fmadd_ps(p, rest, all(5.550_733_6e-2));
    let p = _mm512_fmadd_ps(p, rest, all(2.402_224_2e-1));
    let p = _mm512_fmadd_ps(p, rest, all(std::f32::consts::LN_2));
    _mm512_scalef_ps(_mm512_fmadd_ps(p, rest, all(1.0)), whole)
}

/// 1/x, exact except for the last bit: the processor's estimate of 14 bits, and one Newton step.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn inverse(x: __m512) -> __m512 {
    let guess = _mm512_rcp14_ps(x);
    _mm512_mul_ps(guess, _mm512_fnmadd_ps(x, guess, all(2.0)))
}

/// Φ(x), the normal distribution's share below x, and exp(-x²/2) (Abramowitz & Stegun 1964, 7.1.26; within 10⁻⁷).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(crate) fn normal(x: __m512) -> (__m512, __m512) {
    let size = _mm512_mul_ps(_mm512_abs_ps(x), all(std::f32::consts::FRAC_1_SQRT_2));
    let t = inverse(_mm512_fmadd_ps(size, all(0.327_591_1), all(1.0)));
    let p = _mm512_fmadd_ps(t, all(1.061_405_4), all(-1.453_152_1));
    let p = _mm512_fmadd_ps(p, t, all(1.421_413_8));
    let p = _mm512_fmadd_ps(p, t, all(-0.284_496_72));
    let p = _mm512_fmadd_ps(p, t, all(0.254_829_6));
    let bell = exp2(_mm512_mul_ps(_mm512_mul_ps(x, x), all(-0.5 * std::f32::consts::LOG2_E)));
    let tail = _mm512_mul_ps(_mm512_mul_ps(_mm512_mul_ps(p, t), bell), all(0.5)); // Φ(-|x|)
    let is_negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, _mm512_setzero_ps());
    (_mm512_mask_blend_ps(is_negative, _mm512_sub_ps(all(1.0), tail), tail), bell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    fn of(x: f32) -> [f32; 3] {
        let mut out = [[0.0; LANES]; 3];
        let (share, bell) = normal(all(x));
        [exp2(all(x)), share, bell].into_iter().zip(&mut out).for_each(|(value, to)| store(to, value));
        out.map(|values| values[7])
    }

    #[test]
    fn exp2_and_the_normal_distribution_are_those_of_the_books() {
        if !is_supported() {
            return;
        }
        for step in -4000..4000 {
            let x = step as f32 * 0.003;
            // SAFETY: the processor has been asked.
            let [exp2, share, bell] = unsafe { of(x) };
            let x = f64::from(x);
            assert!((f64::from(exp2) / x.exp2() - 1.0).abs() < 4e-7, "2^{x}: {exp2}");
            assert!((f64::from(bell) - (-x * x / 2.0).exp()).abs() < 4e-7, "bell({x}): {bell}");
            let below = |x: f64| {
                (-400..1).map(|i| (x + f64::from(i) * 0.02, 0.02)).map(|(y, w)| (-y * y / 2.0).exp() * w).sum::<f64>()
            };
            assert!(
                x.abs() > 4.0 || (f64::from(share) - below(x) / std::f64::consts::TAU.sqrt()).abs() < 5e-3,
                "Φ({x}): {share}"
            );
        }
        // SAFETY: as above.
        let shares = [0.0, 1.0, -1.0, 2.0, -3.0].map(|x| unsafe { of(x) }[1]);
        let known = [0.5, 0.841_344_7, 0.158_655_25, 0.977_249_9, 0.001_349_898];
        shares.iter().zip(known).for_each(|(share, known): (&f32, f32)| assert!((share - known).abs() < 2e-7));
    }
}
