//! Download a data set or a pretrained model: resumable, and checked.

mod digest;
mod download;
mod embedded;
mod failure;
mod http;
mod origin;
mod sources;
mod unfinished;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use download::Downloads;

const EXAMPLE: &str = "\
Existing files are kept, and an interrupted download resumes. A model folder records its model and revision in
`fetched.json` and accepts no other.

Examples:
  fetch data imdb --out data/imdb
  fetch model bert-base-cased --out data/models
  fetch model prajjwal1/bert-tiny --revision main --out data/models

Set IMDB_URL or HF_ENDPOINT to use a mirror of the archive or of the Hugging Face hub.";

/// Download a data set or a pretrained model: resumable, and checked
#[derive(Debug, Parser)]
#[command(name = "fetch", version, after_long_help = EXAMPLE)]
struct Args {
    #[command(subcommand)]
    what: What,
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
enum What {
    /// A data set: `imdb`, the archive of 50,000 labelled reviews as its authors publish it (80 MiB)
    Data {
        /// `imdb`
        name: String,
        /// The folder that gets the archive
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// A model folder: configuration, tokenizer and weights
    Model {
        /// A known name such as `bert-base-cased`, `sample-bert`, or the hub's `owner/name`
        name: String,
        /// The hub's branch, tag or commit
        #[arg(long, default_value = "main")]
        revision: String,
        /// The folder of models; the model becomes a folder in it
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
    match args.what {
        What::Data { name, out } => downloads.bring(&sources::data(&name, &out)?),
        What::Model { name, out, .. } if name == embedded::NAME => embedded::write(&out),
        What::Model { name, revision, out } => downloads.bring_all(&sources::model(&name, &revision, &out)?),
    }
}
