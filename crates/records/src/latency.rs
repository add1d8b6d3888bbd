//! Latency: what one answer of a finished run costs on the device at hand (`latency.json`).

use serde::{Deserialize, Serialize};

use crate::Provenance;

/// The one record of `evaluate --latency`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The run's id.
    pub run: String,
    /// Who measured this, on what.
    pub provenance: Provenance,
    /// Examples that were answered before the clock counted.
    pub warm_up: usize,
    /// Examples answered one by one.
    pub repetitions: usize,
    /// Mean P of these examples.
    pub mean_tokens: f64,
    /// Median time of one answer to one example.
    pub p50_seconds: f64,
    /// Nineteen of twenty answers took no longer.
    pub p95_seconds: f64,
    /// Examples a second in batches of `batch_size`.
    pub examples_per_second: f64,
    /// Examples in such a batch.
    pub batch_size: usize,
    /// Floating-point operations of the kept blocks for one token of an example of `mean_tokens` tokens; absent where
    /// the model is no network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops_per_token: Option<f64>,
}
