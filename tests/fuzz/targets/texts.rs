//! Any text, cleaned, tokenized and truncated in any way: as many tokens as allowed, each at its place in the text.
#![no_main]

#[path = "../checks/texts.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
