//! Kernels over the memory of LibTorch's CPU tensors, faster than LibTorch's own operators.

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

pub(crate) use workspace::free_unused;
