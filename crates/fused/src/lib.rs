//! Whole-layer operations, each in one call, with twins in plain burn.
//!
//! [`block()`] is one transformer block, [`lstm()`] one LSTM layer, [`adamw::Optimizer`] one optimizer step over all
//! parameters. On LibTorch each is a single operation: our own kernels compute it forward and backward if the processor
//! and the precision allow it; otherwise LibTorch's operators and autograd do. Every other engine runs the plain twin
//! in [`plain`], and the tests compare both.
//!
//! Letters in shapes: **B** batch, **R** rows (the positions of all sequences of a batch, one sequence after the
//! other), **P** positions (of the longest sequence), **H** hidden size, **N** attention heads, **D** size per
//! attention head (H/N), **I** intermediate size, **L** LSTM hidden size.
#![cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23; this crate goes with it"))]

mod abandoned;
pub mod adamw;
mod block;
pub mod kernels;
mod layout;
#[cfg(feature = "libtorch")]
mod libtorch;
mod lstm;
mod memory;
mod norm;
pub mod plain;

use burn::tensor::Device;

pub use abandoned::{detach_graph, free_abandoned_graph};
pub use basics::Precision;
pub use block::{Activation, BlockOptions, BlockWeights, LinearWeights, NormWeights, block};
pub use layout::{Layout, Run, Sequence};
pub use lstm::{LstmWeights, lstm};
pub use memory::{keep_memory, release_memory};
pub use norm::layer_norm;

/// The version of LibTorch in this build, or `none`.
pub fn libtorch_version() -> String {
    #[cfg(feature = "libtorch")]
    return libtorch::version();
    #[cfg(not(feature = "libtorch"))]
    return "none".to_owned();
}

/// Let the engines use `threads` threads; with 0 they decide.
pub fn set_threads(threads: usize) {
    #[cfg(feature = "libtorch")]
    if threads > 0 {
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    }
    #[cfg(not(feature = "libtorch"))]
    let _ = threads;
}

/// Whether this processor supports our own kernels for bfloat16, and they are on.
pub fn has_bf16_kernels() -> bool {
    #[cfg(all(feature = "libtorch", target_arch = "x86_64"))]
    return libtorch::has_bf16_kernels();
    #[cfg(not(all(feature = "libtorch", target_arch = "x86_64")))]
    return false;
}

/// Every available engine, for tests that compare them: the plain one, LibTorch on the CPU, and LibTorch on the first
/// GPU.
pub fn devices() -> Vec<Device> {
    std::iter::once(Device::flex()).chain(libtorch_devices()).collect()
}

/// The LibTorch devices of [`devices`].
#[cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23"))]
pub fn libtorch_devices() -> Vec<Device> {
    #[cfg(feature = "libtorch")]
    return std::iter::once(Device::libtorch()).chain(cuda(0)).collect();
    #[cfg(not(feature = "libtorch"))]
    return Vec::new();
}

/// The CUDA device of that index, if LibTorch finds one; it computes fp32 in full precision.
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

/// Whether LibTorch finds a CUDA device.
pub fn cuda_is_available() -> bool {
    cuda_device_count() > 0
}

/// Number of CUDA devices that LibTorch finds.
pub fn cuda_device_count() -> usize {
    #[cfg(feature = "libtorch")]
    return usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    #[cfg(not(feature = "libtorch"))]
    return 0;
}
