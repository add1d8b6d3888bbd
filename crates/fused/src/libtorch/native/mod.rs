//! Kernels over the memory of LibTorch's CPU tensors, faster than LibTorch's own operators. They are
//! written for AVX-512.

mod attention;
mod attention_first;
mod attention_gradient;
pub(crate) mod block;
mod elementwise;
pub(crate) mod lstm;
mod pack;
mod rows;
pub(crate) mod simd;
mod tile;
mod transpose;
mod workspace;

use super::memory;
pub(crate) use workspace::free_unused;
