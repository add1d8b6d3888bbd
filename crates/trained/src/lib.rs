//! A trained model's folder, back in memory: one of our runs, or any Hugging Face classifier.

mod answers;
mod folder;

pub use answers::{Answers, Terms};
pub use folder::Trained;
