//! What LibTorch's operators leave to be won on a processor: kernels over its tensors' own memory.

mod attention;
mod attention_gradient;
mod elementwise;
pub(crate) mod block;
pub(crate) mod lstm;
pub(crate) mod memory;
mod pack;
mod rows;
mod simd;
mod tile;
mod workspace;
