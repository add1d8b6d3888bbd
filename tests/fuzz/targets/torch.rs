//! Any bytes as `pytorch_model.bin`, and as the pickle in either of its layouts: an error, or tensors with the lengths
//! of their shapes.
#![no_main]

#[path = "../checks/torch.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
