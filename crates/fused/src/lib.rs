//! Whole-layer operations, each in one call, beside the same thing in plain burn.
//!
//! [`block()`] is one transformer block, [`lstm()`] one LSTM layer, [`adamw::Optimizer`] one optimizer step over
//! all parameters. On LibTorch each is a single operation: computed forward and backward by kernels of our own where the
//! processor and the precision allow it, elsewhere by LibTorch's operators and its own autograd. On every other engine the
//! plain twin in [`plain`] runs, and the tests hold them together.
//!
//! Letters in shapes: **B** batch, **R** rows (the positions of all sequences of a batch, one sequence behind the
//! other), **P** positions (of the longest sequence), **H** hidden size, **N** attention heads, **D** size per
//! attention head (H/N), **I** intermediate size, **L** LSTM hidden size.
#![cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23; this crate goes with it"))]

mod abandoned;
pub mod adamw;
mod block;
mod layout;
#[cfg(feature = "libtorch")]
mod libtorch;
mod lstm;
mod norm;
pub mod plain;
pub mod replay;

use burn::tensor::Device;

pub use abandoned::{forget_abandoned, renewed};
pub use block::{BlockOptions, BlockWeights, LinearWeights, NormWeights, Precision, block};
pub use layout::{Layout, Run, Sequence};
pub use lstm::{LstmWeights, lstm};
pub use norm::layer_norm;

/// The version of LibTorch this was built against, or `none`.
pub fn libtorch_version() -> String {
    #[cfg(feature = "libtorch")]
    return libtorch::version();
    #[cfg(not(feature = "libtorch"))]
    return "none".to_owned();
}

/// Let the engines use `threads` threads; 0 leaves it to them.
pub fn set_threads(threads: usize) {
    #[cfg(feature = "libtorch")]
    if threads > 0 {
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    }
    #[cfg(not(feature = "libtorch"))]
    let _ = threads;
}

/// Let memory that was freed stay with the process: every step needs as much again, and to touch a page for the first
/// time costs more than to work on it.
pub fn keep_memory() {
    #[cfg(feature = "libtorch")]
    libtorch::keep_memory();
}

/// Whether this processor has what our own kernels for bfloat16 ask of it.
pub fn has_bf16_kernels() -> bool {
    #[cfg(feature = "libtorch")]
    return libtorch::has_bf16_kernels();
    #[cfg(not(feature = "libtorch"))]
    return false;
}

/// Give back the memory that was kept, so that something else may have it; the next step takes its own again.
pub fn release_memory() {
    #[cfg(feature = "libtorch")]
    libtorch::release_memory();
}

/// Every engine there is here, which tests hold together: the plain one; LibTorch on the CPU and on the first GPU.
pub fn devices() -> Vec<Device> {
    std::iter::once(Device::flex()).chain(libtorch_devices()).collect()
}

/// LibTorch's part of [`devices`].
#[cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23"))]
pub fn libtorch_devices() -> Vec<Device> {
    #[cfg(feature = "libtorch")]
    return std::iter::once(Device::libtorch()).chain(cuda(0)).collect();
    #[cfg(not(feature = "libtorch"))]
    return Vec::new();
}

/// The CUDA device of that index, if LibTorch sees one; its fp32 is none of the shorter formats.
#[cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23"))]
pub fn cuda(index: usize) -> Option<Device> {
    #[cfg(feature = "libtorch")]
    return (index < cuda_device_count()).then(|| {
        libtorch::set_up_cuda();
        Device::libtorch_cuda(index)
    });
    #[cfg(not(feature = "libtorch"))]
    {
        let _ = index;
        None
    }
}

/// Whether LibTorch sees a CUDA device.
pub fn cuda_is_available() -> bool {
    cuda_device_count() > 0
}

/// How many CUDA devices LibTorch sees.
pub fn cuda_device_count() -> usize {
    #[cfg(feature = "libtorch")]
    return usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    #[cfg(not(feature = "libtorch"))]
    return 0;
}
