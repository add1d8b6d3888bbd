//! What LibTorch's operators leave to be won on a processor: kernels over its tensors' own memory.

mod attention;
mod attention_first;
mod attention_gradient;
pub(crate) mod block;
mod elementwise;
pub(crate) mod lstm;
pub(crate) mod memory;
mod pack;
mod rows;
pub(crate) mod simd;
mod tile;
mod transpose;
mod workspace;

pub(crate) use workspace::forget_free;
