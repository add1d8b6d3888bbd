//! Measure `report` on studies of hundreds of synthetic runs.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use classifier::device::Engine;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use records::run_dir::RunDir;
use records::{Split, jsonl, publish};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::child;
use crate::summary::today;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs of a study; several values give several studies
    #[arg(long, value_name = "N", default_values_t = [50, 500])]
    runs: Vec<usize>,
    /// Test predictions of each run
    #[arg(long, value_name = "N", default_value_t = 25_000)]
    examples: usize,
    /// Folder of the tools
    #[arg(long, value_name = "DIR", default_value = "target/release")]
    bin: PathBuf,
    /// Folder of the synthetic runs; they stay for the next call
    #[arg(long, value_name = "DIR", default_value = "out/bench/report")]
    out: PathBuf,
    #[command(flatten)]
    pub(crate) verbosity: console::Verbosity,
}

/// Seeds of each configuration.
const SEEDS: usize = 5;
const HEADS: [&str; 4] = ["cls-linear", "flatten-linear", "bilstm", "concat-bilstm"];
const BLOCKS: usize = 12;
const EPOCHS: usize = 4;

/// A line of the results: what `report all` took for one study.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "row", rename = "report")]
pub(crate) struct Timing {
    pub(crate) runs: usize,
    /// Test predictions of each run.
    pub(crate) examples: usize,
    pub(crate) seconds: f64,
    /// Largest resident set of the process.
    pub(crate) peak_bytes: u64,
    pub(crate) page_bytes: u64,
    pub(crate) hardware: String,
    /// The day of the measurement, in UTC.
    pub(crate) date: String,
    /// The commit that `bench` was built from; absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
}

/// Print one line for each study.
pub(crate) fn measure(options: &Options) -> anyhow::Result<()> {
    options.verbosity.start();
    for &n_runs in &options.runs {
        let folder = options.out.join(format!("{n_runs}x{}", options.examples));
        let runs: Vec<RunDir> = (0..n_runs).map(|i| RunDir::new(folder.join("runs").join(name(i)))).collect();
        runs.iter().enumerate().try_for_each(|(i, run)| make(run, i, options.examples))?;
        let mut command = Command::new(options.bin.join("report"));
        command.arg("all").args(runs.iter().map(RunDir::path)).arg("--out").arg(folder.join("report"));
        let finished = child::run(&mut command, None)?;
        let timing = Timing {
            runs: n_runs,
            examples: options.examples,
            seconds: finished.seconds,
            peak_bytes: finished.peak_bytes,
            page_bytes: std::fs::metadata(folder.join("report/index.html"))?.len(),
            hardware: Engine::open("flex")?.hardware,
            date: today(),
            commit: Some(env!("FATHOM_COMMIT").to_owned()),
        };
        jsonl::write(&mut std::io::stdout().lock(), &timing).context("writing stdout")?;
        log::info!("{n_runs} runs: {:.1} s, {} MiB", timing.seconds, timing.peak_bytes >> 20);
    }
    Ok(())
}

/// The run's id: all seeds of a configuration, then the next depth, then the next head.
fn name(index: usize) -> String {
    format!("{}-s{}", configuration(index), index % SEEDS + 1)
}

fn configuration(index: usize) -> String {
    let (depth, head) = shape(index);
    format!("{depth:02}-{head}-{}", index / (SEEDS * BLOCKS * HEADS.len()))
}

fn shape(index: usize) -> (usize, &'static str) {
    let configuration = index / SEEDS;
    (configuration % BLOCKS + 1, HEADS[configuration / BLOCKS % HEADS.len()])
}

/// Write a run folder unless it exists.
fn make(run: &RunDir, index: usize, examples: usize) -> anyhow::Result<()> {
    let config = config(index);
    if run.predictions(Split::Test).exists() {
        return Ok(());
    }
    publish::bytes(&run.config(), config.to_string().as_bytes())?;
    let answers = |split| answers(index, examples, split);
    let (validation, test) = (answers(Split::Validation), answers(Split::Test));
    publish::file(&run.metrics(), |output| {
        metrics(&config, index, &validation, &test).iter().try_for_each(|line| jsonl::write(output, line))
    })?;
    for (split, answers) in [(Split::Validation, validation), (Split::Test, test)] {
        publish::file(&run.predictions(split), |output| predictions(output, index, split, &answers))?;
    }
    Ok(())
}

fn config(index: usize) -> Value {
    let (depth, head) = shape(index);
    json!({"id": name(index), "configuration": configuration(index), "seed": index % SEEDS + 1, "encoder": "made-up",
           "weights": "random", "blocks": format!("first:{depth}"), "head": {"kind": head}, "precision": "fp32",
           "epochs": EPOCHS, "batch_size": 32, "dropout": 0.1, "optimizer": {"kind": "adamw"}})
}

/// Margins of the true class: they grow with depth, and an example is equally hard for all runs.
fn answers(index: usize, examples: usize, split: Split) -> Vec<f32> {
    let (depth, _) = shape(index);
    let (mut shared, mut own) = (ChaCha8Rng::seed_from_u64(0), ChaCha8Rng::seed_from_u64(1 + index as u64));
    let about = |random: &mut ChaCha8Rng| (0..4).map(|_| random.next_u32() as f32 / u32::MAX as f32 - 0.5).sum::<f32>();
    let n = if split == Split::Test { examples } else { examples / 10 };
    (0..n).map(|_| 1.2 + 0.05 * depth as f32 + about(&mut shared) + 0.6 * about(&mut own)).collect()
}

fn accuracy(answers: &[f32]) -> f64 {
    answers.iter().filter(|margin| **margin > 0.0).count() as f64 / answers.len() as f64
}

/// Mean cross entropy of two classes.
fn loss(answers: &[f32]) -> f64 {
    answers.iter().map(|margin| (-f64::from(*margin)).exp().ln_1p()).sum::<f64>() / answers.len() as f64
}

fn metrics(config: &Value, index: usize, validation: &[f32], test: &[f32]) -> Vec<Value> {
    let (depth, _) = shape(index);
    let mut lines = vec![json!({"type": "begin", "run": name(index), "configuration": config, "shards_sha256": "5a",
        "provenance": {"commit": "made-up", "burn": "none", "libtorch": "none", "device": "cpu", "hardware": "none", "threads": 1},
        "parameters": 10_000_000 + 7_000_000 * depth, "blocks": Vec::from_iter(0..depth), "encoder_blocks": BLOCKS})];
    for epoch in 1..=EPOCHS {
        let less = 0.01 * (EPOCHS - epoch) as f64;
        for (split, accuracy, loss, examples) in [
            ("train", 0.95, 0.3, 1),
            ("validation", accuracy(validation), loss(validation), validation.len()),
            ("test", accuracy(test), loss(test), test.len()),
        ] {
            lines.push(
                json!({"type": "epoch", "epoch": epoch, "split": split, "loss": loss + less, "accuracy": accuracy - less,
                              "examples": examples, "seconds": 10.0 * depth as f64}),
            );
        }
    }
    lines.push(json!({"type": "end", "epochs": EPOCHS, "best_epoch": EPOCHS, "seconds": 40.0 * depth as f64,
                      "peak_memory_bytes": 1 << 30, "model_bytes": 40_000_000 + 28_000_000 * depth}));
    lines
}

fn predictions(output: &mut impl Write, index: usize, split: Split, answers: &[f32]) -> std::io::Result<()> {
    let examples = answers.len();
    jsonl::write(
        output,
        &json!({"type": "begin", "run": name(index), "epoch": EPOCHS, "split": split, "examples": examples, "device": "cpu"}),
    )?;
    for (i, margin) in answers.iter().enumerate() {
        let label = i % 2;
        let predicted = if *margin > 0.0 { label } else { 1 - label };
        let mut logits = [-0.5 * margin, -0.5 * margin];
        logits[label] = 0.5 * margin;
        let [first, second] = logits;
        let (rating, tokens) = (1 + i % 10, 20 + i * 37 % 493);
        writeln!(
            output,
            r#"{{"type":"prediction","id":"{split}/{i}_{rating}","label":{label},"predicted":{predicted},"logits":[{first},{second}],"tokens":{tokens}}}"#
        )?;
    }
    jsonl::write(output, &json!({"type": "end", "examples": examples, "accuracy": accuracy(answers), "seconds": 1.0}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_synthetic_run_is_read_by_the_crate_of_records() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::new(folder.path().join(name(7)));
        make(&run, 7, 40).unwrap();
        let metrics = jsonl::Reader::<records::metrics::Metric, _>::open(&run.metrics()).unwrap();
        assert_eq!(metrics.collect::<Result<Vec<_>, _>>().unwrap().len(), 2 + 3 * EPOCHS);
        let test = jsonl::Reader::<records::predictions::Record, _>::open(&run.predictions(Split::Test)).unwrap();
        assert_eq!(test.collect::<Result<Vec<_>, _>>().unwrap().len(), 42);
        study::Configuration::from_json(&std::fs::read_to_string(run.config()).unwrap()).unwrap();
    }
}
