//! One side of one round.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::child::Finished;
use crate::work::Work;

/// The program that did the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Ours,
    Peer,
}

impl Side {
    /// The name in the records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Ours => "ours",
            Side::Peer => "peer",
        }
    }
}

/// What a side reported, and what was measured from outside.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) examples: usize,
    pub(crate) seconds: f64,
    pub(crate) peak_bytes: u64,
    pub(crate) gpu_peak_bytes: Option<u64>,
    /// Mean cross entropy of a training, in nats.
    pub(crate) loss: Option<f64>,
    /// Median over intervals of 50 steps, without the first; `None` for a training that is too short.
    pub(crate) steady_tokens_per_second: Option<f64>,
    /// Programs and libraries by name.
    pub(crate) versions: Map<String, Value>,
}

impl Outcome {
    /// The outcome of a program that spent `seconds` on the measured work.
    pub(crate) fn new(finished: &Finished, examples: usize, seconds: f64) -> Self {
        let Finished { peak_bytes, gpu_peak_bytes, .. } = *finished;
        let (loss, steady_tokens_per_second, versions) = (None, None, Map::new());
        Outcome { examples, seconds, peak_bytes, gpu_peak_bytes, loss, steady_tokens_per_second, versions }
    }
}

/// All measurements of one row, and the versions of the programs that took part.
#[derive(Default)]
pub(crate) struct RowResults {
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) versions: Map<String, Value>,
}

/// A line of the results.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "measurement")]
pub(crate) struct Measurement {
    pub(crate) row: String,
    /// Counted from 1.
    pub(crate) round: usize,
    pub(crate) side: Side,
    pub(crate) examples: usize,
    pub(crate) tokens: usize,
    pub(crate) seconds: f64,
    pub(crate) examples_per_second: f64,
    pub(crate) tokens_per_second: f64,
    /// Largest resident set of the process.
    pub(crate) peak_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpu_peak_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loss: Option<f64>,
    /// See [`crate::work::training_operations`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gflops_useful: Option<f64>,
    /// Rate of a bare matrix product, measured just before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ceiling_gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share_of_ceiling: Option<f64>,
    /// The same once the device is warm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) steady_tokens_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) steady_share_of_ceiling: Option<f64>,
}

impl Measurement {
    /// Relate `outcome` to the amount of `work` and to the device's `ceiling` in GFLOP/s.
    pub(crate) fn new(
        row: &str,
        round: usize,
        side: Side,
        outcome: &Outcome,
        work: Work,
        ceiling: Option<f64>,
    ) -> Self {
        let Outcome { examples, seconds, peak_bytes, gpu_peak_bytes, loss, steady_tokens_per_second, .. } = *outcome;
        let tokens_per_second = work.tokens as f64 / seconds;
        let gflops_useful = (work.operations > 0.0).then(|| 1e-9 * work.operations / seconds);
        let share_of_ceiling = gflops_useful.zip(ceiling).map(|(useful, ceiling)| useful / ceiling);
        let steady = share_of_ceiling.zip(steady_tokens_per_second);
        Measurement {
            row: row.to_owned(),
            round,
            side,
            examples,
            tokens: work.tokens,
            seconds,
            examples_per_second: examples as f64 / seconds,
            tokens_per_second,
            peak_bytes,
            gpu_peak_bytes,
            loss,
            gflops_useful,
            ceiling_gflops: ceiling,
            share_of_ceiling,
            steady_tokens_per_second,
            steady_share_of_ceiling: steady.map(|(share, rate)| share * rate / tokens_per_second),
        }
    }
}
