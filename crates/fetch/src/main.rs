//! Download a data set or a pretrained model: resumable, and checked.

mod digest;
mod download;
mod embedded;
mod failure;
mod http;
mod model;
mod origin;
mod sources;
mod unfinished;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use download::Downloads;
use model::Model;

const EXAMPLE: &str = "\
Existing files are kept, and an interrupted download resumes. A model folder records its model and
revision in `fetched.json` and accepts no other.

Examples:
  fetch data imdb --out data/imdb
  fetch model bert-base-cased --out data/models
  fetch model prajjwal1/bert-tiny --out data/models
  fetch model prajjwal1/bert-tiny --revision refs/pr/1 --out data/models

Set IMDB_URL or HF_ENDPOINT to use a mirror of the archive or of the Hugging Face hub.";

/// Download a data set or a pretrained model: resumable, and checked
#[derive(Debug, Parser)]
#[command(name = "fetch", version, after_long_help = EXAMPLE)]
struct Args {
    #[command(subcommand)]
    source: Source,
    /// Wait before the second try; twice as long before the third
    #[arg(long, global = true, hide = true, default_value_t = 1000)]
    pause_milliseconds: u64,
    /// Give up a try when the server is silent for this long
    #[arg(long, global = true, hide = true, default_value_t = 60_000)]
    patience_milliseconds: u64,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// Download a data set: `imdb`, the published archive of 50,000 labelled reviews (80 MiB)
    #[command(after_long_help = "Example:\n  fetch data imdb --out data/imdb")]
    Data {
        /// `imdb`
        name: String,
        /// Folder for the archive
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Download a model folder: configuration, tokenizer, and weights as safetensors or as a PyTorch file, whole or in shards
    #[command(after_long_help = "Example:\n  fetch model bert-base-cased --out data/models")]
    Model {
        /// A known name, such as `bert-base-cased` or `sample-bert`, or `owner/name` on the Hugging Face hub
        name: String,
        /// Branch, tag or commit on the hub
        #[arg(long, default_value = "main")]
        revision: String,
        /// Folder of models; the model becomes a folder in it
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    console::main("fetch", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    let [pause, patience] = [args.pause_milliseconds, args.patience_milliseconds].map(Duration::from_millis);
    let downloads = Downloads::new(pause, patience);
    match args.source {
        Source::Data { name, out } => downloads.fetch(&sources::data(&name, &out)?).map(drop),
        Source::Model { name, out, .. } if name == study::EMBEDDED_MODEL => embedded::write(&out),
        Source::Model { name, revision, out } => Model::new(&name, &revision, &out)?.fetch(&downloads),
    }
}
