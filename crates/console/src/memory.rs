//! Out of memory: engines panic, and this module turns the panic into an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};

/// Parts of LibTorch's messages on a CPU, on CUDA, and from CUDA's libraries.
const MESSAGES: [&str; 5] = [
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
];

/// The device is out of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory;

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the device is out of memory; free some of it, use shorter texts, or choose another `--device`")
    }
}

impl std::error::Error for OutOfMemory {}

/// Run `work`, which must leave consistent state behind if it panics for want of memory.
///
/// # Errors
/// The device is out of memory. Any other panic continues.
pub fn within_memory<T>(work: impl FnOnce() -> T) -> Result<T, OutOfMemory> {
    catch_unwind(AssertUnwindSafe(work)).or_else(|panic| {
        match text(panic.as_ref()).filter(|text| is_out_of_memory(text)) {
            Some(text) => {
                log::debug!("{}", text.lines().next().unwrap_or_default());
                Err(OutOfMemory)
            }
            None => resume_unwind(panic),
        }
    })
}

/// Silence out-of-memory panics: the caller reports them.
pub(crate) fn keep_quiet() {
    let report = take_hook();
    set_hook(Box::new(move |panic| {
        if !text(panic.payload()).is_some_and(is_out_of_memory) {
            report(panic);
        }
    }));
}

fn text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied())
}

fn is_out_of_memory(text: &str) -> bool {
    MESSAGES.iter().any(|message| text.contains(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_out_of_memory_panics_are_caught() {
        keep_quiet();
        let cuda = || panic!("Torch(\"CUDA out of memory. Tried to allocate 20.00 MiB\")");
        assert_eq!(within_memory(cuda), Err::<(), _>(OutOfMemory));
        assert_eq!(within_memory(|| 1), Ok(1));
        assert!(catch_unwind(|| within_memory(|| panic!("another"))).is_err());
    }
}
