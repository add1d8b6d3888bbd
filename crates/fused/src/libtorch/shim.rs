//! The calls that tch does not bind, behind safe functions.
#![expect(unsafe_code, reason = "C++ is called here and nowhere else")]

use std::ffi::{CStr, c_char};
use std::sync::Once;

use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn shim_free(message: *mut c_char);
    fn shim_torch_version() -> *const c_char;
    fn shim_keep_memory();
    fn shim_release_memory() -> *mut c_char;
    fn shim_set_up_cuda() -> *mut c_char;
    fn shim_grad(
        output: *mut C_tensor,
        flowing: *mut C_tensor,
        inputs: *mut *mut C_tensor,
        count: i32,
        gradients: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn shim_copy_all(to: *mut *mut C_tensor, from: *mut *mut C_tensor, count: i32) -> *mut c_char;
}

/// The version of LibTorch whose headers the shim was compiled against.
pub(crate) fn version() -> String {
    // SAFETY: the function returns a string literal, which is terminated and lives for ever.
    unsafe { CStr::from_ptr(shim_torch_version()) }.to_string_lossy().into_owned()
}

/// Let freed memory stay with the process.
pub(crate) fn keep_memory() {
    // SAFETY: the function only sets options of the allocator, which may be set at any time.
    unsafe { shim_keep_memory() }
}

/// Give freed memory back to the system.
pub(super) fn release_memory() {
    // SAFETY: the allocators give back memory in which nothing is in use, at any time; nothing is thrown across the border.
    raise(unsafe { shim_release_memory() });
}

/// Let no library of CUDA round what is fp32, nor plan where it should compute.
pub(crate) fn set_up_cuda() {
    static ONCE: Once = Once::new();
    // SAFETY: the function sets options, once and before a device of CUDA is handed out; nothing is thrown across the border.
    ONCE.call_once(|| raise(unsafe { shim_set_up_cuda() }));
}

/// Gradients of `output` with respect to `inputs`, when `flowing` flows into it. Frees the graph.
pub(crate) fn grad(output: &Tensor, flowing: &Tensor, inputs: &[Tensor]) -> Vec<Tensor> {
    let mut pointers = pointers(inputs);
    let mut gradients = vec![std::ptr::null_mut(); inputs.len()];
    // SAFETY: all tensors are borrowed for the whole call, so the pointers are valid; both arrays have
    // `inputs.len()` places; the shim keeps no pointer and throws nothing across the border.
    let message = unsafe {
        let count = inputs.len() as i32;
        shim_grad(pointer(output), pointer(flowing), pointers.as_mut_ptr(), count, gradients.as_mut_ptr())
    };
    raise(message);
    // SAFETY: without a message the shim has set every place to a tensor of its own, now ours to drop.
    gradients.into_iter().map(|gradient| unsafe { Tensor::from_ptr(gradient) }).collect()
}

/// Copy each tensor into that at the same place, whose number format may be another; all of a side have one format.
pub(super) fn copy_all(from: &[&Tensor], to: &[Tensor]) {
    assert_eq!(from.len(), to.len(), "each tensor has its place");
    let (mut to, mut from) = (pointers(to), from.iter().map(|tensor| pointer(tensor)).collect::<Vec<_>>());
    // SAFETY: all tensors are borrowed for the whole call, so the pointers are valid; both arrays are of one length; the
    // shim keeps no pointer and throws nothing across the border.
    raise(unsafe { shim_copy_all(to.as_mut_ptr(), from.as_mut_ptr(), to.len() as i32) });
}

pub(super) fn pointer(tensor: &Tensor) -> *mut C_tensor {
    tensor.as_ptr().cast_mut()
}

fn pointers(tensors: &[Tensor]) -> Vec<*mut C_tensor> {
    tensors.iter().map(pointer).collect()
}

/// tch's own calls panic with LibTorch's message; so do these.
pub(super) fn raise(message: *mut c_char) {
    if let Some(text) = taken(message) {
        panic!("LibTorch: {text}");
    }
}

/// What the shim said, if it said something.
pub(super) fn taken(message: *mut c_char) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: a message is a terminated string that the shim allocated for us; it is copied, then freed once.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: as above; nothing refers to it any more.
    unsafe { shim_free(message) };
    Some(text)
}
