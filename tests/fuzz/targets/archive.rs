//! Any bytes as an archive, compressed and not: an error, or reviews with text.
#![no_main]

#[path = "../checks/archive.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
