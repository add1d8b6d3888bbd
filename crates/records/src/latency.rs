//! Latency: the time of one answer of a finished run on this device (`latency.json`).

use serde::{Deserialize, Serialize};

use crate::Provenance;

/// The one record of `evaluate --latency`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The run's id.
    pub run: String,
    /// The program and the hardware that measured it.
    pub provenance: Provenance,
    /// Examples answered before the measurement.
    pub warm_up: usize,
    /// Examples answered one by one.
    pub repetitions: usize,
    /// Mean number of tokens of these examples.
    pub mean_tokens: f64,
    /// Median time of an answer to one example.
    pub p50_seconds: f64,
    /// The 95th percentile of these times.
    pub p95_seconds: f64,
    /// Examples per second in batches of `batch_size`.
    pub examples_per_second: f64,
    /// Examples in such a batch.
    pub batch_size: usize,
    /// Floating-point operations of the kept blocks for one token of an example of `mean_tokens` tokens; absent if the model
    /// is not a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops_per_token: Option<f64>,
}
