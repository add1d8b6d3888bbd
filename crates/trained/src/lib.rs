//! A trained model's folder, back in memory: one of our runs, or any Hugging Face classifier.

mod answers;
mod folder;
mod provenance;

pub use answers::{Answers, Terms};
pub use folder::{Origin, Trained};
pub use provenance::provenance;
