//! Which program measured something, and on which hardware.

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
