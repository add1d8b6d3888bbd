//! One set of features for the dependencies that tests and binaries share: see `Cargo.toml`.
