//! What LibTorch's operators leave to be won on a processor: kernels over its tensors' own memory.

pub(crate) mod memory;
