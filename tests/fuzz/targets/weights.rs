//! Any bytes as safetensors, and any text as a model's `config.json`: an error, or tensors with the lengths of their
//! shapes.
#![no_main]

#[path = "../checks/weights.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
