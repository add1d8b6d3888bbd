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
    /// The mean over several optimizer steps.
    Step(Step),
    /// The score of one split after an epoch.
    Epoch(Epoch),
    /// The reason why the training cannot continue; no more lines follow.
    Stopped(Stopped),
    /// Last line; without it the run is unfinished.
    End(End),
}

/// The configuration of the run and the hardware.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The run's id.
    pub run: String,
    /// The complete configuration.
    pub configuration: Configuration,
    /// sha256 of the shards' manifest.
    pub shards_sha256: String,
    /// The program and the hardware.
    pub provenance: Provenance,
    /// Trainable numbers in the model.
    pub parameters: usize,
    /// Indices of the kept blocks.
    pub blocks: Vec<usize>,
    /// Blocks of the whole encoder.
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
    /// Tokens per second without padding.
    pub tokens_per_second: f64,
}

/// The score of one split after one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// The split.
    pub split: Split,
    /// Mean cross entropy over examples in nats.
    pub loss: f64,
    /// Correct predictions over examples.
    pub accuracy: f64,
    /// Examples scored.
    pub examples: usize,
    /// Wall-clock time: of the training pass for `train`, of scoring for the others.
    pub seconds: f64,
}

/// The reason why a training stopped before its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// The epoch that was not completed, counted from 1.
    pub epoch: usize,
    /// Optimizer steps since the start of the run.
    pub step: usize,
    /// The reason, for people.
    pub why: String,
}

/// The end of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Epochs trained.
    pub epochs: usize,
    /// The epoch with the best validation accuracy (test if there is no validation split).
    pub best_epoch: usize,
    /// Wall-clock time of all epochs, summed over interruptions.
    pub seconds: f64,
    /// Largest resident set of the training process.
    pub peak_memory_bytes: u64,
    /// Size of the published model's weights on disk; absent in streams of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_bytes: Option<u64>,
}
