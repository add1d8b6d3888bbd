//! Which program measured something, and on which hardware.

use serde::{Deserialize, Serialize};

/// The program and the hardware of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Commit of the binary, with `-dirty` if the tree differed.
    pub commit: String,
    /// Version of burn.
    pub burn: String,
    /// Version of LibTorch; `none` on the pure-Rust engine.
    pub libtorch: String,
    /// The device that was used, such as `flex`, `cpu` or `cuda:0`.
    pub device: String,
    /// The name of the processor or accelerator.
    pub hardware: String,
    /// Threads the engine may use.
    pub threads: usize,
}
