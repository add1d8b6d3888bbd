//! A text classifier: a truncated encoder with a head on top, its batches and its score.
//!
//! The crate `bert` defines the letters in shapes. This crate knows nothing of studies, run directories or JSON Lines.

pub mod batch;
mod component;
mod definition;
pub mod device;
mod draws;
mod embeddings;
pub mod heads;
mod model;
mod names;
mod predict;
mod score;

pub use batch::{Assembled, Batch};
pub use definition::Definition;
pub use embeddings::{EmbeddingsConfig, Table};
pub use heads::{Head, HeadConfig};
pub use model::{Body, Model, WordTable, cross_entropy, weighted_cross_entropy};
pub use names::inside as inside_name;
pub use predict::{fit, predict, predict_while};
pub use score::{Score, predicted};
