//! The operations on LibTorch: from burn's tensors to tch's and back.

pub(crate) mod adamw;
mod attention;
mod block;
#[cfg(target_arch = "x86_64")]
mod differentiated;
mod flash;
mod lstm;
mod memory;
#[cfg(target_arch = "x86_64")]
mod native;
mod norm;
mod recorded;
mod shim;
mod touch;

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_backend::tensor::FloatTensor;
use burn_tch::LibTorch;

pub(crate) use adamw::delayed_updates::DelayedUpdates;
pub(crate) use adamw::sum_rows;
pub(crate) use block::block;
pub(crate) use lstm::lstm;
#[cfg(test)]
pub(crate) use lstm::lstm_recorded;
#[cfg(target_arch = "x86_64")]
pub(crate) use native::block::are_ready as has_bf16_kernels;
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) use native::lstm::are_ready as has_lstm_kernels;
pub(crate) use norm::layer_norm;
pub(crate) use shim::{set_up_cuda, version};
pub(crate) use touch::touch;

/// A float tensor on LibTorch, with burn's autodiff around it.
type Tracked = FloatTensor<Autodiff<LibTorch>>;

/// Give back what blocks share from step to step, and what is free on CUDA devices.
pub(crate) fn release_memory() {
    #[cfg(target_arch = "x86_64")]
    native::free_unused();
    shim::release_memory();
}

/// Whether `tensor` lives on LibTorch, with or without autodiff.
pub(crate) fn serves<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.clone().try_into_primitive::<LibTorch>().is_ok() || is_tracked(tensor)
}

/// Whether the numbers of `tensor` lie in this machine's own memory, in LibTorch's keeping.
pub(crate) fn has_memory<const D: usize>(tensor: &Tensor<D>) -> bool {
    let tensor = if tensor.is_autodiff() { tensor.clone().inner() } else { tensor.clone() };
    tensor.try_into_primitive::<LibTorch>().is_ok_and(|primitive| primitive.tensor.device() == tch::Device::Cpu)
}

/// The same numbers in one row: not a copy, whatever the shape.
pub(crate) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    from_plain(plain(tensor).view([-1]))
}

fn is_tracked<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.clone().try_into_primitive::<Autodiff<LibTorch>>().is_ok()
}

/// The tch tensor of a tensor without autodiff.
fn plain<const D: usize>(tensor: Tensor<D>) -> tch::Tensor {
    match tensor.try_into_primitive::<LibTorch>() {
        Ok(primitive) => primitive.tensor,
        Err(e) => unreachable!("a module lives on one device, and its input is on LibTorch: {e:?}"),
    }
}

fn tracked<const D: usize>(tensor: Tensor<D>) -> Tracked {
    match tensor.try_into_primitive::<Autodiff<LibTorch>>() {
        Ok(primitive) => primitive,
        Err(e) => unreachable!("a module in training lives on one autodiff device: {e:?}"),
    }
}

fn from_plain<const D: usize>(tensor: tch::Tensor) -> Tensor<D> {
    Tensor::from_primitive::<LibTorch>(burn_tch::TchTensor::new(tensor))
}

fn from_tracked<const D: usize>(primitive: Tracked) -> Tensor<D> {
    Tensor::from_primitive::<Autodiff<LibTorch>>(primitive)
}
