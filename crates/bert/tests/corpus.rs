//! Findings of the fuzzer, read again: see `tests/fuzz`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot continue has failed")]

#[path = "../../../tests/fuzz/checks/config.rs"]
mod config;
#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/checks/torch.rs"]
mod torch;
#[path = "../../../tests/fuzz/checks/weights.rs"]
mod weights;

#[test]
fn findings_of_the_fuzzer_are_read_or_refused() {
    let all = |target: &str, check: fn(&[u8])| {
        let inputs = corpus::inputs(target);
        assert!(inputs.len() >= 60, "{target}: {}", inputs.len());
        inputs.iter().for_each(|data| check(data));
    };
    all("weights", weights::check);
    all("torch", torch::check);
    all("config", config::check);
}
