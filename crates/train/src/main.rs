//! Fine-tune one configuration; resumable.

mod beginning;
mod check;
mod checkpoint;
mod epoch;
mod estimate;
mod input;
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
mod words;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use records::Lock;
use records::run_dir::RunDir;
use study::Configuration;

use crate::check::Asked;
use crate::input::{Input, Places, Work};

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
    /// The configuration: a file, or - for one JSON object on stdin
    #[arg(long, value_name = "FILE|-")]
    config: String,
    /// The folder of shards that `prep` made
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    shards: Option<PathBuf>,
    /// The encoder's folder: config.json, tokenizer.json, model.safetensors
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// The run's folder
    #[arg(long, value_name = "RUN", required_unless_present_any = ["check", "estimate"])]
    out: Option<PathBuf>,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: String,
    /// Split a batch of more than about N tokens and add up the gradients: less memory, the same result but for rounding
    /// [default: on CUDA none, elsewhere what keeps 448 MiB]
    #[arg(long, value_name = "N", conflicts_with_all = ["check", "estimate"])]
    tokens_at_once: Option<NonZeroUsize>,
    /// Only check the configurations (any number of them), train nothing
    #[arg(long)]
    check: bool,
    /// Only say how much work the configurations are and about how long it takes, after a short measurement here
    #[arg(long, conflicts_with = "check")]
    estimate: bool,
    #[command(flatten)]
    threads: console::Threads,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

fn main() -> ExitCode {
    console::main("train", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    args.threads.start();
    let configurations = input::configurations(&args.config)?;
    let Some(shards) = args.shards.filter(|_| !args.check) else {
        return check::all(&configurations, &args.model);
    };
    let places = Places { shards: &shards, model: &args.model, device: &args.device };
    match args.out.filter(|_| !args.estimate) {
        None => estimate::print(&configurations, &places),
        Some(out) => train(input::the_only(configurations)?, &places, args.tokens_at_once, &RunDir::new(out)),
    }
}

fn train(
    configuration: Configuration,
    places: &Places<'_>,
    tokens_at_once: Option<NonZeroUsize>,
    folder: &RunDir,
) -> anyhow::Result<()> {
    let (work, asked) = Work::read(configuration, places)?;
    if published::is_finished(&work, folder) {
        return already(&work, folder);
    }
    beginning::refuse_another(&work, folder)?; // before a lock is put there
    match asked {
        Asked::Network(definition) => {
            let mut input = Input::new(work, *definition, places.device)?;
            if let Some(asked) = tokens_at_once {
                input.tokens_at_once = asked.get().into();
            }
            let _held = hold(folder)?;
            match published::is_finished(&input.work, folder) {
                true => already(&input.work, folder), // by somebody who held it until now
                false => trainer::run(&input, folder),
            }
        }
        Asked::Terms(recipe) => {
            let _held = hold(folder)?;
            terms::run(&work, &recipe, folder)
        }
    }
}

fn already(work: &Work, folder: &RunDir) -> anyhow::Result<()> {
    log::info!("{}: already trained", work.configuration.id);
    published::touch(folder) // newer than what it was checked against
}

/// Nobody else trains in this folder meanwhile.
fn hold(folder: &RunDir) -> Result<Lock, records::Error> {
    Lock::take(&folder.lock(), "train")
}
