//! Fine-tune one configuration; resumable.

mod beginning;
mod check;
mod checkpoint;
mod embedding_rows;
mod epoch;
mod estimate;
mod inputs;
mod learner;
mod metrics;
mod optimizer;
mod prepared;
mod published;
#[cfg(test)]
mod reference;
mod schedule;
mod shuffle;
mod terms;
mod trainer;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use records::Lock;
use records::run_dir::RunDir;
use records::shards::Manifest;
use study::{Configuration, Study};

use crate::check::Checked;
use crate::inputs::{Paths, RunInputs, TrainingSetup};

/// Fine-tune one configuration
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  \
    plan pipelines/sample.toml | jq -c 'select(.id==\"2VA-s1\") | .epochs=1' |\n    \
    train --config - --shards data/shards/sample-sample-bert-64-head-only \\\n      \
    --model data/models/sample-bert --out /tmp/2VA"
)]
struct Args {
    /// Configuration: a file, or - for one JSON object on stdin
    #[arg(long, value_name = "FILE|-")]
    config: String,
    /// Folder of shards, written by `prep`
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    shards: Option<PathBuf>,
    /// Folder of the encoder: config.json, tokenizer.json, model.safetensors
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Folder of the run, to be written
    #[arg(long, value_name = "RUN", required_unless_present_any = ["check", "estimate"])]
    out: Option<PathBuf>,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: String,
    /// Split batches of more than about N tokens and add up the gradients: less memory, the same result except for
    /// rounding [default: no limit on CUDA, about 448 MiB elsewhere]
    #[arg(long, value_name = "N", value_parser = console::from_one, conflicts_with_all = ["check", "estimate"])]
    tokens_at_once: Option<NonZeroUsize>,
    /// Only check the configurations (any number of them); train nothing
    #[arg(long)]
    check: bool,
    /// With --check: study file, whose `max_seq_length` must fit the model, too
    #[arg(long, value_name = "FILE", requires = "check", conflicts_with = "shards")]
    study: Option<PathBuf>,
    /// Only estimate the work and the time of the configurations, after a short measurement on this device
    #[arg(long, conflicts_with = "check")]
    estimate: bool,
    #[command(flatten)]
    threads: console::Threads,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

impl Args {
    /// The most tokens of a text, if the study or the shards are given.
    fn max_seq_length(&self) -> anyhow::Result<Option<usize>> {
        let data = match (&self.study, &self.shards) {
            (Some(study), _) => Study::read(study)?.data,
            (None, Some(shards)) => Manifest::read(shards)?.0.data,
            (None, None) => return Ok(None),
        };
        Ok(Some(data.max_seq_length))
    }
}

fn main() -> ExitCode {
    console::main("train", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    args.threads.start()?;
    let configurations = inputs::configurations(&args.config)?;
    let (Some(shards), false) = (&args.shards, args.check) else {
        return check::all(&configurations, &args.model, args.max_seq_length()?);
    };
    let paths = Paths { shards, model: &args.model, device: &args.device, threads: args.threads };
    match args.out.filter(|_| !args.estimate) {
        None => estimate::print(&configurations, &paths),
        Some(out) => train(inputs::the_only(configurations)?, &paths, args.tokens_at_once, &RunDir::new(out)),
    }
}

fn train(
    configuration: Configuration,
    paths: &Paths<'_>,
    tokens_at_once: Option<NonZeroUsize>,
    folder: &RunDir,
) -> anyhow::Result<()> {
    let (inputs, model) = RunInputs::read(configuration, paths)?;
    if published::is_finished(&inputs, folder) {
        return already(&inputs, folder);
    }
    beginning::refuse_another(&inputs, folder)?; // before the lock file is created
    inputs.log_class_weights();
    match model {
        Checked::Network(definition) => {
            let mut setup = TrainingSetup::new(inputs, *definition, paths)?;
            if let Some(tokens) = tokens_at_once {
                setup.tokens_at_once = tokens.get().into();
            }
            let _held = hold(folder)?;
            match published::is_finished(&setup.inputs, folder) {
                true => already(&setup.inputs, folder), // by another process, which held the lock until now
                false => trainer::run(&setup, folder),
            }
        }
        Checked::TfIdf(recipe) => {
            let _held = hold(folder)?;
            terms::run(&inputs, &recipe, folder)
        }
    }
}

fn already(inputs: &RunInputs, folder: &RunDir) -> anyhow::Result<()> {
    log::info!("{}: already trained", inputs.configuration.id);
    published::touch(folder) // newer than its inputs, for make
}

/// Lock the folder against other trainings.
fn hold(folder: &RunDir) -> Result<Lock, records::Error> {
    Lock::take(&folder.lock(), "train")
}
