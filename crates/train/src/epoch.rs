//! An unfinished epoch: its progress and its totals.

use std::time::{Duration, Instant};

use burn::tensor::Device;
use records::Split;
use records::metrics::Epoch;

use crate::checkpoint::{PartialEpoch, Totals};
use crate::learner::RunningTotals;

/// An unfinished epoch.
pub(crate) struct EpochProgress {
    pub(crate) epoch: usize,
    /// Optimizer steps taken in the epoch.
    pub(crate) steps: usize,
    /// Totals over examples whose line is in `metrics.jsonl`.
    written: Totals,
    /// Totals over the examples since then.
    pub(crate) running: RunningTotals,
    start: Instant,
}

/// The numbers in a line of `metrics.jsonl`, over the steps since the line before.
pub(crate) struct Line {
    /// Mean cross entropy in nats.
    pub(crate) loss: f64,
    pub(crate) tokens_per_second: f64,
}

impl EpochProgress {
    /// The start of `epoch`, or the point of `interrupted`.
    pub(crate) fn new(epoch: usize, interrupted: Option<PartialEpoch>, device: &Device) -> Self {
        let Some(partial) = interrupted else {
            let (written, running) = (Totals::default(), RunningTotals::new(device));
            return EpochProgress { epoch, steps: 0, written, running, start: Instant::now() };
        };
        let PartialEpoch { steps, written, unwritten, unwritten_steps, unwritten_tokens, .. } = partial;
        let (start, since) = (before_now(partial.seconds), before_now(partial.unwritten_seconds));
        let running = RunningTotals::from_totals(unwritten, device);
        let running = RunningTotals { steps: unwritten_steps, tokens: unwritten_tokens, since, ..running };
        EpochProgress { epoch, steps, written, running, start }
    }

    /// Examples trained on so far.
    pub(crate) fn examples(&self) -> usize {
        self.written.examples + self.running.examples
    }

    /// The score over the examples of all written lines, each measured before its own step.
    pub(crate) fn score(&self) -> Epoch {
        let Totals { loss, correct, examples } = self.written;
        let (loss, accuracy) = (loss / examples as f64, correct as f64 / examples as f64);
        let seconds = self.start.elapsed().as_secs_f64();
        Epoch { epoch: self.epoch, split: Split::Train, loss, accuracy, examples, seconds }
    }

    /// Read the running totals from the device, add them to the written ones, and reset them.
    pub(crate) fn next_line(&mut self, device: &Device) -> Line {
        let running = std::mem::replace(&mut self.running, RunningTotals::new(device));
        let tokens_per_second = running.tokens as f64 / running.since.elapsed().as_secs_f64();
        let totals = running.read();
        self.written.add(totals);
        Line { loss: totals.loss / totals.examples as f64, tokens_per_second }
    }

    /// The progress for a checkpoint.
    pub(crate) fn partial(&mut self, device: &Device) -> PartialEpoch {
        let running = std::mem::replace(&mut self.running, RunningTotals::new(device));
        PartialEpoch {
            steps: self.steps,
            written: self.written,
            unwritten_steps: running.steps,
            unwritten_tokens: running.tokens,
            unwritten_seconds: running.since.elapsed().as_secs_f64(),
            unwritten: running.read(),
            seconds: self.start.elapsed().as_secs_f64(),
        }
    }
}

fn before_now(seconds: f64) -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::try_from_secs_f64(seconds).unwrap_or_default()).unwrap_or(now)
}
