//! Predict the examples of a split, or of a stream, with a trained model.

mod latency;
mod split;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use classifier::device::Engine;
use records::Split;
use records::publish::Output;
use trained::Trained;

/// Predict the examples of a split, or of a stream, with a trained model
#[derive(Parser)]
#[command(version, group = clap::ArgGroup::new("who").required(true), group = clap::ArgGroup::new("what").required(true))]
#[command(after_help = "Example:\n  \
    echo '{\"id\":1,\"text\":\"The plot was not dull at all.\"}' |\n    \
    evaluate --run out/sample/runs/4VA-s1 --text -")]
struct Args {
    /// Folder of a finished run
    #[arg(long, value_name = "RUN", group = "who")]
    run: Option<PathBuf>,
    /// Hugging Face folder of a classifier
    #[arg(long, value_name = "DIR", group = "who", conflicts_with = "shards")]
    model: Option<PathBuf>,
    /// Folder of the shards that the run was trained on
    #[arg(long, value_name = "DIR", group = "what")]
    shards: Option<PathBuf>,
    /// Split of the shards to predict
    #[arg(long, default_value = "test", requires = "shards", conflicts_with = "text", value_parser = split_name())]
    split: Split,
    /// Measure the time per answer on this device, one by one and in batches of 32, and write one record
    #[arg(long, requires_all = ["run", "shards"], conflicts_with = "text")]
    latency: bool,
    /// JSON Lines with "id" and "text"; writes one prediction for each line, in order. Without an id, it is the line number
    #[arg(long, value_name = "FILE|-", group = "what")]
    text: Option<String>,
    /// Write this file instead of stdout; it appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    threads: console::Threads,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

/// Parser for split names, which `--help` lists.
fn split_name() -> impl TypedValueParser<Value = Split> {
    PossibleValuesParser::new(Split::ALL.map(Split::name)).try_map(|name| name.parse())
}

fn main() -> ExitCode {
    console::main("evaluate", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    args.threads.start()?;
    let engine = Engine::open(&args.device)?;
    let chosen = match (&args.run, &args.model) {
        (Some(run), _) => Trained::from_run(run, &engine)?,
        (None, model) => Trained::from_model(model.as_deref().unwrap_or(".".as_ref()), &engine)?,
    };
    let mut output = Output::open(args.out.as_deref())?;
    match (&args.shards, &args.text) {
        (Some(shards), _) if args.latency => latency::measure(&chosen, shards, &engine, &mut output)?,
        (Some(shards), _) => split::predict(&chosen, shards, args.split, &engine, &mut output)?,
        (None, text) => text::predict(&chosen, text.as_deref().unwrap_or("-"), &engine, &mut output)?,
    }
    Ok(output.finish()?)
}
