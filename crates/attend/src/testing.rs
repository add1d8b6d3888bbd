//! A small model for tests: 3 classes, random weights, written by `transformers`.

use std::path::{Path, PathBuf};

use classifier::device::Engine;

use crate::subject::Subject;

pub(crate) const TEXT: &str = "The plot was not dull at all, Amélie!";

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../evaluate/tests/data/model")
}

pub(crate) fn subject() -> Subject {
    Subject::of_model(&folder(), &Engine::open("flex").unwrap()).unwrap()
}
