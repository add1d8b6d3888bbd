//! Any bytes as JSON Lines of every kind: an error, or a record that is written as it was read.
#![no_main]

#[path = "../checks/records.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
