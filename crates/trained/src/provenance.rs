//! Who computes: for the records of trainings and measurements.

use classifier::device::{Engine, libtorch_version};
use records::Provenance;

/// The provenance of what a binary built from `commit` computes on `engine`.
pub fn provenance(engine: &Engine, commit: &str) -> Provenance {
    Provenance {
        commit: commit.to_owned(),
        burn: env!("FATHOM_BURN").to_owned(),
        libtorch: libtorch_version(),
        device: engine.name.clone(),
        hardware: engine.hardware.clone(),
        threads: engine.threads,
    }
}
