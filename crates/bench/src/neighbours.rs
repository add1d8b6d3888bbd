//! Trainings beside one another on the same processors, against one that has them for itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use classifier::device::Engine;
use records::jsonl::{self, Reader};
use records::metrics::{Begin, Metric};
use records::run_dir::RunDir;
use records::{Provenance, Split};
use serde::{Deserialize, Serialize};

use crate::statistics::Spread;
use crate::summary::today;
use crate::{child, ours};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Folder of `train`
    #[arg(long, value_name = "DIR", default_value = "target/libtorch/release")]
    bin: PathBuf,
    /// Configuration that every training follows
    #[arg(long, value_name = "FILE", default_value = "out/sample/runs/1VA-s1/config.json")]
    config: PathBuf,
    /// Folder of its shards
    #[arg(long, value_name = "DIR", default_value = "data/shards/sample-sample-bert-64-head-only")]
    shards: PathBuf,
    /// Folder of its encoder
    #[arg(long, value_name = "DIR", default_value = "data/models/sample-bert")]
    model: PathBuf,
    /// Device: flex or cpu
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Trainings beside one another
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..))]
    trainings: u8,
    /// Measurements of each kind, in turns
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Folder of the runs; they are removed afterwards
    #[arg(long, value_name = "DIR", default_value = "out/bench/neighbours")]
    out: PathBuf,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

/// One line of the results: the seconds of an epoch, alone and beside others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "row", rename = "neighbours")]
pub(crate) struct Neighbours {
    pub(crate) configuration: String,
    pub(crate) trainings: u8,
    pub(crate) rounds: u16,
    pub(crate) alone: Spread,
    pub(crate) beside: Spread,
    /// Median seconds beside the others, over those alone times the number of trainings on each processor.
    pub(crate) over_fair_share: f64,
    pub(crate) device: String,
    pub(crate) hardware: String,
    /// Threads of one training.
    pub(crate) threads: usize,
    /// Processors that all trainings share.
    pub(crate) processors: usize,
    /// The day of the measurement, in UTC.
    pub(crate) date: String,
    /// The commit that `train` was built from.
    pub(crate) commit: String,
}

/// Print one line.
pub(crate) fn measure(options: &Options) -> anyhow::Result<()> {
    options.verbosity.start();
    Engine::open(&options.device)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        alone.extend(epochs(options, 1)?);
        beside.extend(epochs(options, options.trainings)?);
        log::info!("round {round} of {}", options.rounds);
    }
    let begin = begin(&run(&options.out, 0))?;
    let line = Neighbours::new(options, begin, &alone, &beside).context("no epoch was measured")?;
    ours::removed(&options.out)?;
    jsonl::write(&mut std::io::stdout().lock(), &line).context("writing stdout")
}

impl Neighbours {
    /// `None` if there are no seconds.
    fn new(options: &Options, begin: Begin, alone: &[f64], beside: &[f64]) -> Option<Self> {
        let Provenance { device, hardware, threads, commit, .. } = begin.provenance;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let (alone, beside) = (Spread::of(alone.iter().copied())?, Spread::of(beside.iter().copied())?);
        // Alone it has `threads` processors; together all have `processors`.
        let share = (usize::from(options.trainings) * threads) as f64 / processors as f64;
        Some(Neighbours {
            configuration: begin.configuration.id,
            trainings: options.trainings,
            rounds: options.rounds,
            over_fair_share: beside.median / (alone.median * share.max(1.0)),
            alone,
            beside,
            device,
            hardware,
            threads,
            processors,
            date: today(),
            commit,
        })
    }
}

fn run(out: &Path, index: u8) -> RunDir {
    RunDir::new(out.join(index.to_string()))
}

/// The seconds of every training epoch of `trainings` at once.
fn epochs(options: &Options, trainings: u8) -> anyhow::Result<Vec<f64>> {
    ours::removed(&options.out)?;
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..trainings).map(|index| scope.spawn(move || train(options, index))).collect();
        let ended =
            started.into_iter().map(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")));
        Ok(ended.collect::<anyhow::Result<Vec<_>>>()?.concat())
    })
}

fn train(options: &Options, index: u8) -> anyhow::Result<Vec<f64>> {
    let run = run(&options.out, index);
    let mut command = Command::new(options.bin.join("train"));
    command.arg("--config").arg(&options.config).arg("--shards").arg(&options.shards);
    command.arg("--model").arg(&options.model).arg("--out").arg(run.path());
    child::run(command.args(["--device", &options.device, "-q"]), None)?;
    let mut seconds = Vec::new();
    for metric in Reader::<Metric, _>::open(&run.metrics())? {
        match metric? {
            Metric::Epoch(epoch) if epoch.split == Split::Train => seconds.push(epoch.seconds),
            _ => {}
        }
    }
    Ok(seconds)
}

/// The first line of a training's stream.
fn begin(run: &RunDir) -> anyhow::Result<Begin> {
    match Reader::<Metric, _>::open(&run.metrics())?.next().transpose()? {
        Some(Metric::Begin(begin)) => Ok(*begin),
        _ => anyhow::bail!("`{}`: has no first line; run again", run.metrics().display()),
    }
}
