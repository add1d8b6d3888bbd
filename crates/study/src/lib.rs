//! The study definition, and the configurations it expands to.
//!
//! A *study* is a set of *runs*; a run is one *configuration* with one seed. The definition is a TOML
//! file that reads as the paper's table; [`Study::configurations`] turns it into fully resolved
//! [`Configuration`]s, and what ran is exactly one of those.

mod blocks;
mod class_weights;
mod component;
mod configuration;
mod data;
mod defaults;
mod definition;
mod error;
mod missing;
mod model;
mod report;
mod section;
mod settings;
mod slip;

pub use basics::{MOST_BLOCKS, Precision};
pub use blocks::Blocks;
pub use class_weights::ClassWeights;
pub use component::Component;
pub use configuration::{Configuration, Freeze, Weights, is_id};
pub use data::{Cleaning, Data, Duplicates, EMBEDDED, Truncation};
pub use definition::Study;
pub use error::{Error, nearest, with_nearest};
pub use model::{EMBEDDED_MODEL, KNOWN_MODELS, ModelKind};
pub use report::{Measure, Report};
pub use settings::Settings;
