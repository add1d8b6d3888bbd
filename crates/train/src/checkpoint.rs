//! Model, optimizer and state after or within an epoch: one folder, published by one rename.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bert::{NamedTensor, save};
use burn::tensor::TensorData;
use classifier::Model;
use fused::adamw::Optimizer;
use records::publish;
use records::run_dir::RunDir;
use serde::{Deserialize, Serialize};

use crate::inputs::TrainingSetup;

/// `state.json`: the progress of a run.
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
    /// This epoch's lines of `metrics.jsonl`, byte for byte. They are appended after the checkpoint is published, so an
    /// epoch with a visible score is never trained again.
    pub(crate) lines: Vec<String>,
    /// The engine; another engine does not continue this run.
    pub(crate) engine: String,
    /// sha256 of the pretrained weights.
    pub(crate) weights_sha256: String,
    /// sha256 of the encoder's shape; absent in checkpoints of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoder_sha256: Option<String>,
    pub(crate) best: Best,
    /// Wall-clock time of all epochs.
    pub(crate) seconds: f64,
    /// Progress in the next epoch, if it was interrupted.
    #[serde(rename = "within", default, skip_serializing_if = "Option::is_none")]
    pub(crate) partial: Option<PartialEpoch>,
}

/// Progress in an interrupted epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartialEpoch {
    /// Optimizer steps taken in the epoch.
    pub(crate) steps: usize,
    /// Totals over examples whose numbers are in `metrics.jsonl`.
    pub(crate) written: Totals,
    /// Totals over the steps since then.
    pub(crate) unwritten: Totals,
    /// The number of those steps.
    pub(crate) unwritten_steps: usize,
    /// Real tokens in those steps.
    pub(crate) unwritten_tokens: usize,
    /// Seconds of those steps.
    pub(crate) unwritten_seconds: f64,
    /// Wall-clock time of the epoch so far.
    pub(crate) seconds: f64,
}

/// Totals over examples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Totals {
    #[serde(with = "exact")]
    pub(crate) loss: f64,
    pub(crate) correct: i64,
    pub(crate) examples: usize,
}

/// The best epoch so far on the split that chooses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    #[serde(with = "exact")]
    pub(crate) accuracy: f64,
    #[serde(with = "exact")]
    pub(crate) loss: f64,
}

/// A float as text, because JSON has no infinity, the loss of an epoch without a score.
mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Totals {
    pub(crate) fn add(&mut self, more: Totals) {
        self.loss += more.loss;
        self.correct += more.correct;
        self.examples += more.examples;
    }
}

impl State {
    /// The folder of its checkpoint.
    fn folder(&self, run: &RunDir) -> PathBuf {
        match &self.partial {
            None => run.checkpoint(self.epoch),
            Some(partial) => run.checkpoints().join(format!("epoch-{:02}-step-{:06}", self.epoch + 1, partial.steps)),
        }
    }

    /// The point where the run resumes, for a reader.
    pub(crate) fn describe(&self) -> String {
        match &self.partial {
            None => format!("after epoch {}", self.epoch),
            Some(partial) => format!("in epoch {}, after step {}", self.epoch + 1, partial.steps),
        }
    }

    /// Whether its numbers are possible in a run of `epochs`.
    fn is_sound(&self, epochs: usize) -> bool {
        let finite = |totals: &Totals| totals.loss.is_finite();
        let has_best = self.best.accuracy.is_finite() && self.best.loss.is_finite() && self.best.epoch <= self.epoch;
        self.epoch <= epochs
            && (self.epoch == 0 || has_best)
            && self.partial.as_ref().is_none_or(|partial| finite(&partial.written) && finite(&partial.unwritten))
    }

    fn place(&self) -> (usize, usize) {
        (self.epoch, self.partial.as_ref().map_or(0, |partial| partial.steps))
    }
}

impl Best {
    /// Worse than any epoch.
    pub(crate) const NONE: Best = Best { epoch: 0, accuracy: f64::NEG_INFINITY, loss: f64::INFINITY };

    /// The better of two: higher accuracy, then lower loss, then the earlier one.
    pub(crate) fn or(self, later: Best) -> Best {
        let better = (later.accuracy, -later.loss) > (self.accuracy, -self.loss);
        if better { later } else { self }
    }
}

/// The content of a checkpoint beside its state, written one after the other so that at most one part is in memory
/// twice.
pub(crate) struct Numbers<'a> {
    pub(crate) model: &'a Model,
    pub(crate) optimizer: &'a Optimizer,
}

/// Publish the checkpoint of `state`, then remove all others except the best.
pub(crate) fn write(run: &RunDir, state: &State, numbers: &Numbers) -> anyhow::Result<()> {
    publish::dir(&state.folder(run), |folder| -> anyhow::Result<()> {
        save(&folder.join("model.safetensors"), &numbers.model.stored())?;
        let moments = numbers.optimizer.moments().into_iter().map(|(name, data)| NamedTensor { name, data });
        save(&folder.join("optimizer.safetensors"), &moments.collect::<Vec<_>>())?;
        Ok(publish::bytes(&folder.join("state.json"), serde_json::to_string_pretty(state)?.as_bytes())?)
    })?;
    let needed = [state.folder(run), run.checkpoint(state.best.epoch)];
    for folder in folders(run).into_iter().filter(|folder| !needed.contains(folder)) {
        std::fs::remove_dir_all(&folder).with_context(|| format!("removing `{}`", folder.display()))?;
    }
    Ok(())
}

/// The newest complete checkpoint of this configuration with the same shards, weights and engine.
pub(crate) fn newest(run: &RunDir, setup: &TrainingSetup) -> Option<(PathBuf, State)> {
    let read = |folder: PathBuf| {
        let text = records::regular(&folder.join("state.json")).and_then(std::fs::read_to_string).ok()?;
        Some((folder, serde_json::from_str::<State>(&text).ok()?))
    };
    let ours = |state: &State| {
        state.configuration_sha256 == setup.inputs.configuration_sha256
            && state.shards_sha256 == setup.inputs.shards_sha256
            && state.weights_sha256 == setup.inputs.weights_sha256
            && state.encoder_sha256.as_ref().is_none_or(|sha256| *sha256 == setup.inputs.encoder_sha256)
            && state.engine == setup.engine_name()
            && state.is_sound(setup.inputs.configuration.epochs)
    };
    let whole = |folder: &PathBuf| folder.extension().is_none();
    folders(run)
        .into_iter()
        .filter(whole)
        .filter_map(read)
        .filter(|(_, state)| ours(state))
        .max_by_key(|(_, state)| state.place())
}

/// The optimizer's moments in a checkpoint.
pub(crate) fn moments(folder: &Path) -> anyhow::Result<BTreeMap<String, TensorData>> {
    Ok(bert::Safetensors::open(&folder.join("optimizer.safetensors"))?.take_all()?)
}

/// Every folder under `checkpoints/`, including unfinished ones.
fn folders(run: &RunDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(run.checkpoints()).into_iter().flatten();
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("epoch-"));
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_ours).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_restored_bit_for_bit() {
        let best = Best { epoch: 1, accuracy: 0.9195833333333333, loss: 1.0 / 3.0 };
        let back: Best = serde_json::from_str(&serde_json::to_string(&best).unwrap()).unwrap();
        assert_eq!((back.accuracy.to_bits(), back.loss.to_bits()), (best.accuracy.to_bits(), best.loss.to_bits()));
    }

    #[test]
    fn the_better_epoch_has_the_higher_accuracy_then_the_lower_loss_then_comes_first() {
        let best = |epoch, accuracy, loss| Best { epoch, accuracy, loss };
        assert_eq!(best(1, 0.8, 0.5).or(best(2, 0.9, 0.9)).epoch, 2);
        assert_eq!(best(1, 0.8, 0.5).or(best(2, 0.8, 0.4)).epoch, 2);
        assert_eq!(best(1, 0.8, 0.5).or(best(2, 0.8, 0.5)).epoch, 1);
    }
}
