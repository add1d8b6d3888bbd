//! What can be asked for on the command line.

use std::path::PathBuf;

use crate::datasets::Source;

/// Turn a raw data set into tokenized shards
#[derive(Debug, clap::Parser)]
#[command(version, after_long_help = AFTER)]
pub(crate) struct Arguments {
    /// Study file, such as `pipelines/imdb.toml`; its `[data]` says what to make
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: PathBuf,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Folder that holds model folders by name; the tokenizer is read from there
    #[arg(long, value_name = "DIR")]
    pub(crate) models: PathBuf,
    /// Folder of shards to write, whole or not at all; `-` streams JSON Lines to stdout
    #[arg(long, value_name = "DIR|-")]
    pub(crate) out: PathBuf,
    /// Say what would be read and written, and do nothing
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) threads: console::Threads,
    #[command(flatten)]
    pub(crate) verbosity: console::Verbosity,
}

const AFTER: &str = "\
Data sets:
  imdb    --archive FILE, or --input DIR with the unpacked folder
  sample  embedded, needs neither
  jsonl   --input FILE, or stdin; one object a line:
          {\"id\":\"a1\",\"split\":\"train\",\"label\":\"pos\",\"text\":\"What a film.\"}
          A label is a name or an index. An example without `split` is for training.
          Its `validation` split is kept if it has one, and otherwise held out of train.

Examples:
  prep --definition pipelines/imdb.toml --archive data/imdb/aclImdb_v1.tar.gz \\
       --models data/models --out data/shards/imdb-bert-base-cased-512-head-only
  prep --definition my.toml --input - --models data/models --out - < reviews.jsonl \\
       | jq '.input_ids | length'";
