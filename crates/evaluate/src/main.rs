//! Predict every example of a split, or of a stream, with a trained run.

mod latency;
mod split;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use classifier::device::Engine;
use records::publish::Output;
use trained::Trained;

/// Predict every example of a split, or of a stream, with a trained run
#[derive(Parser)]
#[command(version, group = clap::ArgGroup::new("who").required(true), group = clap::ArgGroup::new("what").required(true))]
#[command(after_help = "Example:\n  \
    echo '{\"id\":1,\"text\":\"The plot was not dull at all.\"}' |\n    \
    evaluate --run out/sample/runs/4VA-s1 --text -")]
struct Args {
    /// A finished run's folder
    #[arg(long, value_name = "RUN", group = "who")]
    run: Option<PathBuf>,
    /// Any Hugging Face folder of a BertForSequenceClassification
    #[arg(long, value_name = "DIR", group = "who", conflicts_with = "shards")]
    model: Option<PathBuf>,
    /// The folder of shards the run was trained on
    #[arg(long, value_name = "DIR", group = "what")]
    shards: Option<PathBuf>,
    /// Which of their examples
    #[arg(long, default_value = "test", requires = "shards")]
    split: split::Name,
    /// Measure how long an answer takes here, alone and in batches of 32; one record out
    #[arg(long, requires_all = ["run", "shards"])]
    latency: bool,
    /// JSON Lines {"id","text"}; one prediction out for each, in order
    #[arg(long, value_name = "FILE|-", group = "what")]
    text: Option<String>,
    /// A file instead of stdout; it appears when it is whole
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

fn main() -> ExitCode {
    console::main("evaluate", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    args.threads.start();
    let engine = Engine::open(&args.device)?;
    let chosen = match (&args.run, &args.model) {
        (Some(run), _) => Trained::from_run(run, &engine)?,
        (None, model) => Trained::from_model(model.as_deref().unwrap_or(".".as_ref()), &engine)?,
    };
    let mut output = Output::open(args.out.as_deref())?;
    match (&args.shards, &args.text) {
        (Some(shards), _) if args.latency => latency::measure(&chosen, shards, &engine, &mut output)?,
        (Some(shards), _) => split::predict(&chosen, shards, args.split.into(), &engine, &mut output)?,
        (None, text) => text::predict(&chosen, text.as_deref().unwrap_or("-"), &engine, &mut output)?,
    }
    Ok(output.finish()?)
}
