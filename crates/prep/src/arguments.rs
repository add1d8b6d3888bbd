//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::datasets::Source;

/// Turn a raw data set into tokenized shards
#[derive(Debug, clap::Parser)]
#[command(version, after_long_help = AFTER)]
pub(crate) struct Arguments {
    /// Study file, such as `pipelines/imdb.toml`; `prep` follows its `[data]`
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: PathBuf,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Folder of model folders; the tokenizer comes from the one that the study names
    #[arg(long, value_name = "DIR")]
    pub(crate) models: PathBuf,
    /// Folder for the shards; it appears when it is complete. `-` writes JSON Lines to stdout
    #[arg(long, value_name = "DIR|-", required_unless_present = "sample")]
    pub(crate) out: Option<PathBuf>,
    /// Print what would be read and written, and stop
    #[arg(long)]
    pub(crate) list: bool,
    /// Print how the first N texts were read, cut and labelled, and write nothing
    #[arg(long, value_name = "N", value_parser = console::from_one, conflicts_with_all = ["out", "list"])]
    pub(crate) sample: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) threads: console::Threads,
    #[command(flatten)]
    pub(crate) verbosity: console::Verbosity,
}

const AFTER: &str = "\
Data sets:
  imdb    --archive FILE, or --input DIR with the unpacked folder
  sample  embedded, needs neither
  jsonl   texts of your own: --input FILE, --input DIR, or stdin
          Formats: JSON Lines, a JSON array, CSV or TSV with a header, each also as .gz; Parquet.
          {\"id\":\"a1\",\"split\":\"train\",\"label\":\"pos\",\"text\":\"What a film.\"}
          A folder has a file for each split, such as train.csv, dev.csv and test.csv.
          Columns have usual names (text, label, id, split), or those that `[data]` gives.
          An id is a string or a number; without one, it is the number of the line or row.
          A label is a name, or an index from 0. An example without `split` is for training.
          Without `test` or `validation` examples, a share of train is held out.

Examples, the first after `fetch model sample-bert --out data/models`:
  prep --definition pipelines/sample.toml --models data/models --out data/shards/sample
  prep --definition pipelines/imdb.toml --archive data/imdb/aclImdb_v1.tar.gz \\
       --models data/models --out data/shards/imdb-bert-base-cased-512-head-only
  prep --definition my.toml --input mail.csv --models data/models --out data/shards/mail
  prep --definition my.toml --input mail.csv --models data/models --sample 5
  prep --definition my.toml --input - --models data/models --out - < reviews.jsonl \\
       | jq '.input_ids | length'";
