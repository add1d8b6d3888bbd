//! Fine-tune one configuration; resumable.

mod check;
mod checkpoint;
mod epoch;
mod input;
mod metrics;
mod optimizer;
mod published;
mod shuffle;
mod trainer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use records::run_dir::RunDir;

/// Fine-tune one configuration
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  \
    plan pipelines/sample.toml | jq -c 'select(.id==\"2VA-s1\") | .epochs=1' |\n    \
    train --config - --shards data/shards/sample-sample-bert-64-head-only --model data/models/sample-bert --out /tmp/2VA"
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
    #[arg(long, value_name = "RUN", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: String,
    /// Only check the configurations (any number of them), train nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

fn main() -> ExitCode {
    console::main("train", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    let configurations = input::configurations(&args.config)?;
    let (Some(shards), Some(out), false) = (args.shards, args.out, args.check) else {
        return check::all(&configurations, &args.model);
    };
    let configuration = input::the_only(configurations)?;
    let input = input::Input::read(configuration, &shards, &args.model, &args.device)?;
    trainer::run(&input, &RunDir::new(out))
}
