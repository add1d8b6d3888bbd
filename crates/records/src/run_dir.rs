//! The names of the files of a run.

use std::path::{Path, PathBuf};

use crate::Split;

/// A run's directory: `out/<study>/runs/<run>`.
#[derive(Debug, Clone)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// The run in `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        RunDir(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The resolved configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// The training stream.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// The lock of the process that trains the run.
    pub fn lock(&self) -> PathBuf {
        self.0.join(".lock")
    }

    /// All checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// The checkpoint after `epoch`.
    pub fn checkpoint(&self, epoch: usize) -> PathBuf {
        self.checkpoints().join(format!("epoch-{epoch:02}"))
    }

    /// The chosen epoch as a Hugging Face folder.
    pub fn model(&self) -> PathBuf {
        self.0.join("model")
    }

    /// The stamp of a finished run; `train` writes it last.
    pub fn stamp(&self) -> PathBuf {
        self.0.join("train.json")
    }

    /// The latency on this device.
    pub fn latency(&self) -> PathBuf {
        self.0.join("latency.json")
    }

    /// The predictions of a split.
    pub fn predictions(&self, split: Split) -> PathBuf {
        self.0.join(format!("predictions.{split}.jsonl"))
    }
}
