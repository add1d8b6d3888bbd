//! The verdict for programs: one object; accuracies are fractions.

use anyhow::Result;
use serde::Serialize;

use super::{Claim, Finding, Level, Verdict, sentences};
use crate::significance::Range;

#[derive(Serialize)]
struct Object<'a> {
    sentences: Vec<String>,
    margin_points: f64,
    /// Blocks of the knee; nothing where no depth below the full model is enough.
    knee_blocks: Option<usize>,
    levels: Vec<Row<'a>>,
    claim: &'a Claim,
}

#[derive(Serialize)]
struct Row<'a> {
    configuration: &'a str,
    head: &'a str,
    n_blocks: usize,
    seeds: Vec<u64>,
    test_accuracy: f64,
    interval: Range,
    interval_method: &'static str,
    loss: Option<f64>,
    loss_interval: Option<Range>,
    compared_seeds: Option<usize>,
    finding: Option<Finding>,
    mcnemar_p_by_seed: Option<&'a [f64]>,
    mcnemar_p: Option<f64>,
    mcnemar_p_holm: Option<f64>,
    gain: Option<f64>,
    gain_interval: Option<Range>,
    parameters: usize,
    model_bytes: Option<u64>,
    flops_per_token: Option<f64>,
    training_seconds: f64,
    seconds_per_epoch: Option<f64>,
    peak_memory_bytes: u64,
    latency_p50_seconds: Option<f64>,
    latency_p95_seconds: Option<f64>,
    examples_per_second: Option<f64>,
}

/// Pretty JSON with a final newline.
pub(crate) fn text(verdict: &Verdict) -> Result<String> {
    let object = Object {
        sentences: sentences(verdict),
        margin_points: verdict.margin,
        knee_blocks: verdict.knee.map(|knee| verdict.levels[knee].rung.n_blocks()),
        levels: verdict.levels.iter().map(row).collect(),
        claim: &verdict.claim,
    };
    Ok(serde_json::to_string_pretty(&object)? + "\n")
}

fn row<'a>(level: &'a Level) -> Row<'a> {
    let (against, costs) = (level.against.as_ref(), &level.costs);
    let latency = costs.latency.as_ref();
    Row {
        configuration: level.rung.configuration(),
        head: level.rung.head(),
        n_blocks: level.rung.n_blocks(),
        seeds: level.rung.runs.iter().map(|run| run.configuration().seed).collect(),
        test_accuracy: level.accuracy,
        interval: Range { low: level.interval.low, high: level.interval.high },
        interval_method: level.interval.method.name(),
        loss: against.map(|against| against.loss.mean),
        loss_interval: against.map(|against| against.loss.interval(0.95)),
        compared_seeds: against.map(|against| against.n_seeds),
        finding: against.map(|against| against.finding),
        mcnemar_p_by_seed: against.map(|against| against.mcnemar.as_slice()),
        mcnemar_p: against.map(|against| against.p_value),
        mcnemar_p_holm: against.map(|against| against.p_holm),
        gain: level.gain.map(|gain| gain.mean),
        gain_interval: level.gain.map(|gain| gain.interval(0.95)),
        parameters: costs.parameters,
        model_bytes: costs.model_bytes,
        flops_per_token: latency.and_then(|latency| latency.flops_per_token),
        training_seconds: costs.training_seconds,
        seconds_per_epoch: costs.seconds_per_epoch,
        peak_memory_bytes: costs.peak_memory_bytes,
        latency_p50_seconds: latency.map(|latency| latency.p50_seconds),
        latency_p95_seconds: latency.map(|latency| latency.p95_seconds),
        examples_per_second: latency.map(|latency| latency.examples_per_second),
    }
}
