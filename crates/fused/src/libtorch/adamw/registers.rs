//! Loops over numbers, compiled once for each width of registers; which one runs, the processor decides.
#![expect(unsafe_code, reason = "a processor is asked before its wide registers are used")]

/// What the compiler is to put into the widest registers: `run` must be `#[inline(always)]`, or it is compiled apart
/// from them.
pub(super) trait Loop {
    type Output;

    fn run(self) -> Self::Output;
}

/// Run `it` with the widest registers that the processor has.
pub(super) fn wide<L: Loop>(it: L) -> L::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: this processor has just said that it has AVX-512F.
        return unsafe { in_512_bits(it) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: this processor has just said that it has AVX2.
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
