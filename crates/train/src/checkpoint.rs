//! Model, optimizer and state after one epoch: one folder, published by one rename.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bert::{Stored, save};
use burn::tensor::TensorData;
use records::metrics::Epoch;
use records::publish;
use records::run_dir::RunDir;
use serde::{Deserialize, Serialize};

/// `state.json`: where a run stands after an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) epoch: usize,
    /// Optimizer steps taken.
    pub(crate) step: usize,
    pub(crate) configuration_sha256: String,
    pub(crate) shards_sha256: String,
    /// Length of `metrics.jsonl` before this epoch's scores.
    pub(crate) metrics_bytes: u64,
    /// This epoch's scores: they enter `metrics.jsonl` once the checkpoint is there, so an epoch whose
    /// score can be read is never trained again.
    pub(crate) scores: Vec<Epoch>,
    pub(crate) best: Best,
    /// Wall-clock time of all epochs.
    pub(crate) seconds: f64,
}

/// The best epoch so far on the split that chooses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    pub(crate) accuracy: f64,
    pub(crate) loss: f64,
}

impl Best {
    /// The better of two: higher accuracy, then lower loss, then the earlier one.
    pub(crate) fn or(self, later: Best) -> Best {
        let better = (later.accuracy, -later.loss) > (self.accuracy, -self.loss);
        if better { later } else { self }
    }
}

/// What a checkpoint holds beside its state.
pub(crate) struct Numbers {
    pub(crate) model: Vec<Stored>,
    pub(crate) moments: Vec<(String, TensorData)>,
}

/// Publish the checkpoint of `state.epoch`, then drop those nobody will need: all but this one and the
/// best.
pub(crate) fn write(run: &RunDir, state: &State, numbers: Numbers) -> anyhow::Result<()> {
    publish::dir(&run.checkpoint(state.epoch), |folder| -> anyhow::Result<()> {
        let moments = numbers.moments.into_iter().map(|(name, data)| Stored { name, data }).collect::<Vec<_>>();
        publish::bytes(&folder.join("model.safetensors"), &save(&numbers.model)?)?;
        publish::bytes(&folder.join("optimizer.safetensors"), &save(&moments)?)?;
        Ok(publish::bytes(&folder.join("state.json"), serde_json::to_string_pretty(state)?.as_bytes())?)
    })?;
    let needed = [run.checkpoint(state.epoch), run.checkpoint(state.best.epoch)];
    for folder in folders(run).into_iter().filter(|folder| !needed.contains(folder)) {
        std::fs::remove_dir_all(&folder).with_context(|| format!("removing `{}`", folder.display()))?;
    }
    Ok(())
}

/// The newest complete checkpoint of this very configuration on these very shards.
pub(crate) fn newest(run: &RunDir, configuration_sha256: &str, shards_sha256: &str) -> Option<(PathBuf, State)> {
    let read = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("state.json")).ok()?;
        Some((folder, serde_json::from_str::<State>(&text).ok()?))
    };
    let ours =
        |state: &State| state.configuration_sha256 == configuration_sha256 && state.shards_sha256 == shards_sha256;
    let whole = |folder: &PathBuf| folder.extension().is_none();
    folders(run)
        .into_iter()
        .filter(whole)
        .filter_map(read)
        .filter(|(_, state)| ours(state))
        .max_by_key(|(_, state)| state.epoch)
}

/// The optimizer's moments in a checkpoint.
pub(crate) fn moments(folder: &Path) -> anyhow::Result<BTreeMap<String, TensorData>> {
    Ok(bert::Safetensors::open(&folder.join("optimizer.safetensors"))?.take_all()?)
}

/// Every folder under `checkpoints/`, unfinished ones too.
fn folders(run: &RunDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(run.checkpoints()).into_iter().flatten();
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_epoch_has_the_higher_accuracy_then_the_lower_loss_then_comes_first() {
        let best = |epoch, accuracy, loss| Best { epoch, accuracy, loss };
        assert_eq!(best(1, 0.8, 0.5).or(best(2, 0.9, 0.9)).epoch, 2);
        assert_eq!(best(1, 0.8, 0.5).or(best(2, 0.8, 0.4)).epoch, 2);
        assert_eq!(best(1, 0.8, 0.5).or(best(2, 0.8, 0.5)).epoch, 1);
    }
}
