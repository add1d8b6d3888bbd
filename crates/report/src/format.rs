//! How numbers are written.

use std::fmt::Display;

/// Stands for what is unknown.
pub(crate) fn unknown() -> String {
    "·".to_owned()
}

/// `91.25` of 0.9125.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}

/// `3, 1`
pub(crate) fn listed(numbers: &[u64]) -> String {
    match numbers {
        [] => unknown(),
        _ => numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// `3 1`
pub(crate) fn spaced<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

/// `1 run`, `6 runs`, `0.5 runs`
pub(crate) fn counted(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `1 block`, `6 blocks`
pub(crate) fn blocks(n_blocks: usize) -> String {
    counted(n_blocks, "block")
}
