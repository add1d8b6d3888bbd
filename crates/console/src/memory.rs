//! Out of memory: engines say it by a panic, which is caught where something can be done about it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};

/// What LibTorch says on a processor, on CUDA, and where CUDA's libraries find no room for themselves.
const SAYINGS: [&str; 5] = [
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
];

/// The device has no memory left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory;

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the device is out of memory; free some of it, use shorter texts, or choose another `--device`")
    }
}

impl std::error::Error for OutOfMemory {}

/// Do `work`, which leaves nothing half done that matters if the device's memory does not suffice.
///
/// # Errors
/// It did not suffice. Any other panic goes on.
pub fn within_memory<T>(work: impl FnOnce() -> T) -> Result<T, OutOfMemory> {
    catch_unwind(AssertUnwindSafe(work)).or_else(|panic| match text(panic.as_ref()).filter(|text| says_so(text)) {
        Some(text) => {
            log::debug!("{}", text.lines().next().unwrap_or_default());
            Err(OutOfMemory)
        }
        None => resume_unwind(panic),
    })
}

/// From now on such a panic prints nothing: who catches it says it better.
pub(crate) fn keep_quiet() {
    let speak = take_hook();
    set_hook(Box::new(move |panic| {
        if !text(panic.payload()).is_some_and(says_so) {
            speak(panic);
        }
    }));
}

fn text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied())
}

fn says_so(text: &str) -> bool {
    SAYINGS.iter().any(|saying| text.contains(saying))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_want_of_memory_is_caught() {
        keep_quiet();
        let cuda = || panic!("Torch(\"CUDA out of memory. Tried to allocate 20.00 MiB\")");
        assert_eq!(within_memory(cuda), Err::<(), _>(OutOfMemory));
        assert_eq!(within_memory(|| 1), Ok(1));
        assert!(catch_unwind(|| within_memory(|| panic!("another"))).is_err());
    }
}
