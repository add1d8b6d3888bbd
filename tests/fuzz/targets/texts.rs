//! Any text, cleaned, tokenized and cut in any way: as many tokens as allowed, each where it stands in the text.
#![no_main]

#[path = "../checks/texts.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
