//! Any text as `config.json` of every family: an error, or settings that are read back as they were written.
#![no_main]

#[path = "../checks/config.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
