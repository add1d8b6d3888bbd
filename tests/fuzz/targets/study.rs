//! Any text as a study: a one-line error, or runs whose configurations survive their JSON and whose names are plain.
#![no_main]

#[path = "../checks/study.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
