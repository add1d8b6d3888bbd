//! A text classifier: a truncated encoder with a head on top, its batches and its score.
//!
//! Letters in shapes are those of the crate `bert`. Nothing here knows of a study, a run directory or a
//! JSON line.

pub mod batch;
pub mod device;
pub mod heads;
mod model;
mod predict;
mod score;

pub use batch::Batch;
pub use heads::{Head, HeadConfig};
pub use model::{Definition, Model, cross_entropy};
pub use predict::predict;
pub use score::{Score, predicted};
