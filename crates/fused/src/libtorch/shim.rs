//! Safe functions for calls that tch does not bind.
#![expect(unsafe_code, reason = "C++ is called here and nowhere else")]

use std::ffi::{CStr, c_char};
use std::sync::Once;

use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn shim_free(message: *mut c_char);
    fn shim_torch_version() -> *const c_char;
    fn shim_release_memory() -> *mut c_char;
    fn shim_set_up_cuda() -> *mut c_char;
    fn shim_grad(
        output: *mut C_tensor,
        flowing: *mut C_tensor,
        inputs: *mut *mut C_tensor,
        count: i32,
        gradients: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// The version of LibTorch whose headers the shim was compiled against.
pub(crate) fn version() -> String {
    // SAFETY: the function returns a string literal, which is terminated and lives for ever.
    unsafe { CStr::from_ptr(shim_torch_version()) }.to_string_lossy().into_owned()
}

/// Return freed memory of CUDA devices.
pub(super) fn release_memory() {
    // SAFETY: the allocator can return unused memory at any time; no exception crosses the border.
    raise(unsafe { shim_release_memory() });
}

/// Make CUDA's libraries compute fp32 without rounding, and without planning.
pub(crate) fn set_up_cuda() {
    static ONCE: Once = Once::new();
    // SAFETY: the function sets options once, before a CUDA device is used; no exception crosses the border.
    ONCE.call_once(|| raise(unsafe { shim_set_up_cuda() }));
}

/// Gradients of `output` with respect to `inputs`, where `flowing` is the output's gradient. Frees the graph.
pub(crate) fn grad(output: &Tensor, flowing: &Tensor, inputs: &[Tensor]) -> Vec<Tensor> {
    let mut pointers = pointers(inputs);
    let mut gradients = vec![std::ptr::null_mut(); inputs.len()];
    // SAFETY: all tensors are borrowed for the whole call, so the pointers are valid; both arrays have
    // `inputs.len()` places; the shim keeps no pointer and lets no exception cross the border.
    let message = unsafe {
        let count = inputs.len() as i32;
        shim_grad(pointer(output), pointer(flowing), pointers.as_mut_ptr(), count, gradients.as_mut_ptr())
    };
    raise(message);
    // SAFETY: without a message the shim has set every place to a tensor of its own, now ours to drop.
    gradients.into_iter().map(|gradient| unsafe { Tensor::from_ptr(gradient) }).collect()
}

pub(super) fn pointer(tensor: &Tensor) -> *mut C_tensor {
    tensor.as_ptr().cast_mut()
}

fn pointers(tensors: &[Tensor]) -> Vec<*mut C_tensor> {
    tensors.iter().map(pointer).collect()
}

/// Panic with LibTorch's message, as tch's own calls do.
pub(super) fn raise(message: *mut c_char) {
    if message.is_null() {
        return;
    }
    // SAFETY: a message is a terminated string that the shim allocated for us; it is copied, then freed once.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: as above; nothing refers to the string any more.
    unsafe { shim_free(message) };
    panic!("LibTorch: {text}");
}
