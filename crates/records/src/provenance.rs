//! Who measured this, on what, and with how much memory.

use serde::{Deserialize, Serialize};

/// What must be known to repeat a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Commit the binary was built from, with `-dirty` if the tree differed.
    pub commit: String,
    /// Version of burn.
    pub burn: String,
    /// Version of LibTorch; `none` on the pure-Rust engine.
    pub libtorch: String,
    /// The device really used, such as `flex`, `cpu` or `cuda:0`.
    pub device: String,
    /// The processor or accelerator by its own name.
    pub hardware: String,
    /// Threads the engine may use.
    pub threads: usize,
}

/// The largest resident set this process has had, in bytes; 0 where the system does not tell.
pub fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}
