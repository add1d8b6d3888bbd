//! The tests of the pipeline as a whole: `tests/*.rs`.
