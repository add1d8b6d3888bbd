//! Begin, Step, Epoch, End: the training stream (`metrics.jsonl`).

use serde::{Deserialize, Serialize};
use study::Configuration;

use crate::{Provenance, Split};

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Metric {
    /// First line.
    Begin(Box<Begin>),
    /// Every so many optimizer steps.
    Step(Step),
    /// After each epoch, one per scored split.
    Epoch(Epoch),
    /// In place of the rest: why the training cannot go on by itself.
    Stopped(Stopped),
    /// Last line; without it the run is unfinished.
    End(End),
}

/// What runs, on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The run's id.
    pub run: String,
    /// Everything that was asked.
    pub configuration: Configuration,
    /// sha256 of the shards' manifest.
    pub shards_sha256: String,
    /// Who measured this, on what.
    pub provenance: Provenance,
    /// Trainable numbers in the model.
    pub parameters: usize,
    /// Indices of the kept blocks.
    pub blocks: Vec<usize>,
    /// Blocks the whole encoder has.
    pub encoder_blocks: usize,
}

/// The mean over the optimizer steps since the last such line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Counted from 1.
    pub epoch: usize,
    /// Optimizer steps since the start of the run.
    pub step: usize,
    /// Mean cross entropy in nats.
    pub loss: f64,
    /// Real tokens, padding not counted.
    pub tokens_per_second: f64,
}

/// The score of one split after one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Which examples.
    pub split: Split,
    /// Mean cross entropy over examples in nats.
    pub loss: f64,
    /// Correct predictions over examples.
    pub accuracy: f64,
    /// How many were scored.
    pub examples: usize,
    /// Wall-clock time: of the training pass for `train`, of scoring for the others.
    pub seconds: f64,
}

/// Why a training stopped before its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// The epoch that was not completed, counted from 1.
    pub epoch: usize,
    /// Optimizer steps since the start of the run.
    pub step: usize,
    /// In words, with the place.
    pub why: String,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Epochs trained.
    pub epochs: usize,
    /// The epoch with the best validation accuracy (test if there is no validation split).
    pub best_epoch: usize,
    /// Wall-clock time of all epochs, resumed sessions added up.
    pub seconds: f64,
    /// Largest resident set of the training process.
    pub peak_memory_bytes: u64,
    /// Size of the published model's weights on disk; absent in streams of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_bytes: Option<u64>,
}
