//! Download a data set or a pretrained model: resumable, and checked.

mod dataset;
mod digest;
mod download;
mod embedded;
mod failure;
mod http;
mod listing;
mod model;
mod origin;
mod pattern;
mod sources;
mod unfinished;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use clap::{Parser, Subcommand};

use dataset::Dataset;
use download::Downloads;
use model::Model;

const EXAMPLE: &str = "\
Existing files are kept, and an interrupted download resumes. A folder records its model or data set
and the revision in `fetched.json` and accepts no other.

Examples:
  fetch data imdb --out data/imdb
  fetch data fancyzhx/ag_news --out data/ag_news
  fetch model bert-base-cased --out data/models
  fetch model prajjwal1/bert-tiny --out data/models
  fetch model prajjwal1/bert-tiny --revision refs/pr/1 --out data/models

Set IMDB_URL or HF_ENDPOINT to use a mirror of the archive or of the Hugging Face hub.";

const DATA: &str = "\
The files of the splits train, validation and test come into the folder, from one commit: those that
the data set's card or their names assign to the configuration, or else the hub's own copy in Parquet.

Examples:
  fetch data imdb --out data/imdb
  fetch data fancyzhx/ag_news --out data/ag_news
  fetch data nyu-mll/glue --config sst2 --out data/sst2";

/// The branch that a repository has.
const MAIN: &str = "main";

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
    /// Download a data set: `imdb`, the published archive of 50,000 labelled reviews (80 MiB), or one of the hub
    #[command(after_long_help = DATA)]
    Data {
        /// `imdb`, or `owner/name` on the Hugging Face hub
        name: String,
        /// Configuration of the data set [default: the only one, or `default`]
        #[arg(long, value_name = "NAME")]
        config: Option<String>,
        /// Branch, tag or commit on the hub
        #[arg(long, default_value = MAIN)]
        revision: String,
        /// Folder for the archive or the files, which `prep --input` then reads
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Download a model folder: configuration, tokenizer, and weights as safetensors or as a PyTorch file, whole or in shards
    #[command(after_long_help = "Example:\n  fetch model bert-base-cased --out data/models")]
    Model {
        /// A known name, such as `bert-base-cased` or `sample-bert`, or `owner/name` on the Hugging Face hub
        name: String,
        /// Branch, tag or commit on the hub
        #[arg(long, default_value = MAIN)]
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
        Source::Data { name, config, revision, out } if name.contains('/') => {
            Dataset::new(&name, config, &revision, &out)?.fetch(&downloads)
        }
        Source::Data { name, config, revision, out } => {
            let source = sources::data(&name, &out)?;
            ensure!(
                config.is_none() && revision == MAIN,
                "`{name}` is one archive; leave `--config` and `--revision` out"
            );
            downloads.fetch(&source).map(drop)
        }
        Source::Model { name, out, .. } if name == study::EMBEDDED_MODEL => embedded::write(&out),
        Source::Model { name, revision, out } => Model::new(&name, &revision, &out)?.fetch(&downloads),
    }
}
