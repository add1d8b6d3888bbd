//! What a fuzzer found worth keeping, read again: see `tests/fuzz`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/fuzz/checks/archive.rs"]
mod check;
#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;

#[test]
fn what_a_fuzzer_kept_is_read_well_or_refused() {
    let inputs = corpus::inputs("archive");
    assert!(inputs.len() >= 60);
    inputs.iter().for_each(|data| check::check(data));
}
