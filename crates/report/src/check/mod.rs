//! Whether records can be trusted: each run against its own records, runs against each other, and all of them at once.
//!
//! | module | what must hold | where it fails |
//! | --- | --- | --- |
//! | [`stream`] | a training stream agrees with its configuration and with itself | while reading |
//! | [`predictions`] | predictions agree with the metrics and with their own end | while reading |
//! | [`together`] | runs of a configuration differ only in the seed; runs of a study share data and encoder | after reading |
//! | [`verify`] | no run is missing, none lacks predictions, all share data and test examples | with `--verify` |

pub(crate) mod predictions;
pub(crate) mod stream;
pub(crate) mod together;
pub(crate) mod verify;

pub(crate) use together::by_configuration;

/// Refuses with the first rule (whether it holds, and the fault if not) that does not hold: `<fault>: <remedy>`.
fn require<const N: usize>(rules: [(bool, String); N], remedy: &str) -> anyhow::Result<()> {
    let broken = rules.into_iter().find(|(holds, _)| !holds);
    broken.map_or(Ok(()), |(_, fault)| Err(anyhow::anyhow!("{fault}: {remedy}")))
}
