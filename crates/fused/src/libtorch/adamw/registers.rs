//! Loops over numbers, compiled for each width of registers; the processor determines which version runs.
#![expect(unsafe_code, reason = "wide registers are used after a check of the processor")]

/// Code for the widest registers: `run` must be `#[inline(always)]`, or it is compiled separately for narrow ones.
pub(super) trait Loop {
    type Output;

    fn run(self) -> Self::Output;
}

/// Run `it` with the widest registers of the processor.
pub(super) fn wide<L: Loop>(it: L) -> L::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: this processor has AVX-512F, as just detected.
        return unsafe { in_512_bits(it) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: this processor has AVX2, as just detected.
        return unsafe { in_256_bits(it) };
    }
    it.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn in_512_bits<L: Loop>(it: L) -> L::Output {
    it.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn in_256_bits<L: Loop>(it: L) -> L::Output {
    it.run()
}
