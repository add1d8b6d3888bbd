//! The machine and versions behind a training or a measurement.

use classifier::device::{Engine, libtorch_version};
use records::Provenance;

/// The provenance of computations on `engine` by a binary built from `commit`.
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
