//! Findings of the fuzzer, read again: see `tests/fuzz`.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

#[path = "../../../tests/fuzz/checks/texts.rs"]
mod check;
#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;

#[test]
fn findings_of_the_fuzzer_are_read_or_refused() {
    let inputs = corpus::inputs("texts");
    assert!(inputs.len() >= 60);
    inputs.iter().for_each(|data| check::check(data));
}
