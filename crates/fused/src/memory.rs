//! What the C library's allocator keeps from step to step.
#![expect(unsafe_code, reason = "glibc's allocator is set up here and nowhere else")]

/// Keep freed memory in the process: every step needs as much again, and touching a fresh page costs ten times as much
/// as touching a used one. Only glibc's allocator is told.
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` sets three numbers under the allocator's own lock, and touches no memory of ours.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, -1);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// Return the kept memory to the system, gaps between used blocks included; the next step allocates again.
pub fn release_memory() {
    #[cfg(feature = "libtorch")]
    crate::libtorch::release_memory();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` gives back pages that hold no allocation, under the allocator's own lock.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
#[expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]
mod tests {
    use super::*;

    /// Page faults of this thread that needed no disk: field 10 of its `stat`, the eighth after the name.
    fn page_faults() -> u64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(7).unwrap().parse().unwrap()
    }

    #[test]
    fn freed_memory_is_used_again_without_a_page_fault() {
        keep_memory();
        let use_16_mib = || drop(std::hint::black_box(vec![1u8; 16 << 20]));
        use_16_mib();
        let before = page_faults();
        (0..20).for_each(|_| use_16_mib());
        assert!(page_faults() - before < 20, "{} page faults", page_faults() - before);
    }
}
