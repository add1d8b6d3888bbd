//! The verdict for programs: one object; accuracies are fractions.

use anyhow::Result;
use serde::Serialize;

use super::sentence::judgement;
use super::{Claim, DepthResult, Verdict, sentences};
use statistics::{Finding, Range, mean};
use study::Measure;

#[derive(Serialize)]
struct Object<'a> {
    sentences: Vec<String>,
    /// By what models are compared.
    measure: Measure,
    margin_points: f64,
    /// Blocks of the knee; nothing where no depth below the full model is enough.
    knee_blocks: Option<usize>,
    levels: Vec<Row<'a>>,
    /// What the runs that did not fail say; nothing where none failed.
    without_failed: Option<Rest>,
    claim: &'a Claim,
}

#[derive(Serialize)]
struct Rest {
    sentences: Vec<String>,
    knee_blocks: Option<usize>,
}

#[derive(Serialize)]
struct Row<'a> {
    configuration: &'a str,
    head: &'a str,
    n_blocks: usize,
    seeds: Vec<u64>,
    test_accuracy: f64,
    /// The mean of the measure over the seeds, which the interval belongs to.
    test_measure: Option<f64>,
    interval: Option<Range>,
    interval_method: Option<&'static str>,
    drop: Option<f64>,
    drop_interval: Option<Range>,
    compared_seeds: Option<usize>,
    finding: Option<Finding>,
    /// Whether the sequence of tests came to this depth; otherwise the finding is a description.
    tested: Option<bool>,
    failed_runs: Vec<&'a str>,
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
        measure: verdict.measure,
        margin_points: verdict.margin,
        knee_blocks: knee_blocks(verdict),
        levels: verdict.depths.iter().map(row).collect(),
        without_failed: verdict
            .without_failed
            .as_ref()
            .map(|rest| Rest { sentences: judgement(rest), knee_blocks: knee_blocks(rest) }),
        claim: &verdict.claim,
    };
    Ok(serde_json::to_string_pretty(&object)? + "\n")
}

fn knee_blocks(verdict: &Verdict) -> Option<usize> {
    verdict.knee.map(|knee| verdict.depths[knee].candidate.n_blocks())
}

fn row<'a>(depth: &'a DepthResult) -> Row<'a> {
    let (against, costs) = (depth.against.as_ref(), &depth.costs);
    let latency = costs.latency.as_ref();
    Row {
        configuration: depth.candidate.configuration(),
        head: depth.candidate.head(),
        n_blocks: depth.candidate.n_blocks(),
        seeds: depth.candidate.runs.iter().map(|run| run.configuration().seed).collect(),
        test_accuracy: mean(depth.candidate.runs.iter().map(|run| run.test().0)),
        test_measure: depth.score,
        interval: depth.interval.map(|interval| Range { low: interval.low, high: interval.high }),
        interval_method: depth.interval.map(|interval| interval.method.name()),
        drop: against.map(|against| against.drop.mean),
        drop_interval: against.map(|against| against.drop.interval(0.95)),
        compared_seeds: against.map(|against| against.n_seeds),
        finding: against.map(|against| against.finding),
        tested: against.map(|against| against.is_tested),
        failed_runs: depth.failed.iter().map(|failed| failed.run.name()).collect(),
        mcnemar_p_by_seed: against.map(|against| against.mcnemar.as_slice()),
        mcnemar_p: against.map(|against| against.p_value),
        mcnemar_p_holm: against.map(|against| against.p_holm),
        gain: depth.gain.as_ref().map(|gain| gain.mean),
        gain_interval: depth.gain.as_ref().map(|gain| gain.interval(0.95)),
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
