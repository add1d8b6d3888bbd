//! A small model for tests: 3 classes, random weights, written by `transformers`.

use std::path::{Path, PathBuf};

use classifier::device::Engine;

use crate::model::Model;

pub(crate) const TEXT: &str = "The plot was not dull at all, Amélie!";

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../evaluate/tests/data/model")
}

pub(crate) fn model() -> Model {
    Model::from_folder(&folder(), &Engine::open("flex").unwrap()).unwrap()
}
