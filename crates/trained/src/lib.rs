//! Load the folder of a trained model: a run, or any Hugging Face classifier.

mod answers;
mod folder;
mod provenance;

pub use answers::{Answers, Terms};
pub use folder::{Origin, Trained, is_run};
pub use provenance::provenance;
