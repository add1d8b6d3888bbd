//! What is asked: the study definition and the configurations it expands to.
//!
//! A *study* is a set of *runs*; a run is one *configuration* with one seed. The definition is a TOML
//! file that reads as the paper's table; [`Study::configurations`] turns it into fully resolved
//! [`Configuration`]s, and what ran is exactly one of those.

mod blocks;
mod component;
mod configuration;
mod definition;
mod error;

pub use blocks::Blocks;
pub use component::Component;
pub use configuration::{Configuration, Precision, Weights};
pub use definition::{Data, Settings, Study, Truncation};
pub use error::{Error, nearest};
