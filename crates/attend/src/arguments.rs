//! What one may ask at a shell.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgGroup, CommandFactory, Parser, ValueEnum};

use crate::choice::Method;
use crate::scale::Scale;
use crate::terminal::Colours;

/// See what a trained model attends to, token by token, and how far the picture can be trusted
#[derive(Debug, Parser)]
#[command(version, group = ArgGroup::new("who").required(true).multiple(true))]
#[command(after_help = "Examples:\n  \
    attend --run out/sample/runs/4VA-s1 --text 'The plot was not dull at all.'\n  \
    attend --run out/sample/runs/4VA-s1 --review test/pos/00821 \\\n      \
    --shards data/shards/sample-sample-bert-64-head-only\n  \
    report flips out/sample/runs/2VA out/sample/runs/4VA \\\n      \
    --shards data/shards/sample-sample-bert-64-head-only |\n    \
    attend --run out/sample/runs/2VA-s1 --format html - > flips.html")]
pub(crate) struct Args {
    /// A finished run's folder; more than once for a page that shows them side by side
    #[arg(long, value_name = "RUN", group = "who")]
    pub(crate) run: Vec<PathBuf>,
    /// Any Hugging Face folder of a BertForSequenceClassification
    #[arg(long, value_name = "DIR", group = "who")]
    pub(crate) model: Vec<PathBuf>,

    /// A text to look at
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["review", "file"], help_heading = "What to look at")]
    pub(crate) text: Vec<String>,
    /// A test review by its id, from --shards
    #[arg(long, value_name = "ID", requires = "shards", conflicts_with = "file", help_heading = "What to look at")]
    pub(crate) review: Vec<String>,
    /// JSON Lines {"id","text"} and perhaps "label"; `-` is stdin
    #[arg(value_name = "FILE|-", help_heading = "What to look at")]
    pub(crate) file: Option<String>,
    /// The folder of shards, for --review and --faithfulness
    #[arg(long, value_name = "DIR", help_heading = "What to look at")]
    pub(crate) shards: Option<PathBuf>,
    /// Stop after so many reviews
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "What to look at")]
    pub(crate) limit: Option<u32>,

    /// What a token's weight is; told by --block, --head and --query where it is left out, `last-layer` without them
    #[arg(long, value_enum, help_heading = "What to show")]
    pub(crate) method: Option<Method>,
    /// A kept block, counted from 0
    #[arg(long, value_name = "N", help_heading = "What to show")]
    pub(crate) block: Option<usize>,
    /// One of its attention heads, counted from 0; all are averaged without
    #[arg(long, value_name = "M", help_heading = "What to show")]
    pub(crate) head: Option<usize>,
    /// The token that attends, counted from 0, which is `[CLS]`; word pieces count, as --special --format jsonl lists them
    #[arg(long, value_name = "K", help_heading = "What to show")]
    pub(crate) query: Option<usize>,
    /// Show the change against this: `pretrained`, or another run's or model's folder
    #[arg(long, value_name = "pretrained|DIR", help_heading = "What to show")]
    pub(crate) against: Option<String>,
    /// Where pretrained models lie
    #[arg(long, value_name = "DIR", default_value = "data/models", help_heading = "What to show")]
    pub(crate) models: PathBuf,
    /// Keep `[CLS]` and `[SEP]`, which are left out otherwise
    #[arg(long, help_heading = "What to show")]
    pub(crate) special: bool,
    /// How weights become colours
    #[arg(long, value_enum, default_value = "min-max", help_heading = "What to show")]
    pub(crate) scale: Scale,
    /// Colour word pieces one by one, not whole words
    #[arg(long, help_heading = "What to show")]
    pub(crate) pieces: bool,

    /// Take the first tokens of each method away and see what becomes of the answer, over so many test reviews of
    /// --shards, 20 at least; alone, or above what else is shown
    #[arg(long, value_name = "REVIEWS", requires = "shards", conflicts_with = "against")]
    #[arg(value_parser = clap::value_parser!(u32).range(20..))]
    pub(crate) faithfulness: Option<u32>,

    /// Leave gradients out of a page and of --faithfulness: on a processor they take most of the time
    #[arg(long)]
    pub(crate) attention_only: bool,

    /// How the answer is written
    #[arg(long, value_enum, default_value = "ansi", help_heading = "Output")]
    pub(crate) format: Format,
    /// A file instead of stdout
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Colours of the terminal
    #[arg(long, value_enum, default_value = "auto", help_heading = "Output")]
    pub(crate) colours: Colours,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) threads: console::Threads,
    #[command(flatten)]
    pub(crate) verbosity: console::Verbosity,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Coloured text for a terminal
    Ansi,
    /// One self-contained page: all blocks, attention heads and methods to choose from
    Html,
    /// One record a review: token, characters of the text, weight
    Jsonl,
    /// A figure
    Png,
}

impl Args {
    /// Whether there is a text to look at.
    pub(crate) fn names_texts(&self) -> bool {
        !self.text.is_empty() || !self.review.is_empty() || self.file.is_some()
    }

    /// Whether certain weights are meant.
    pub(crate) fn asks_for_a_map(&self) -> bool {
        self.method.is_some() || self.block.is_some() || self.head.is_some() || self.query.is_some()
    }

    /// The folder that `--review` or `--faithfulness` cannot do without.
    pub(crate) fn shards(&self) -> &Path {
        match &self.shards {
            Some(shards) => shards,
            None => usage(ErrorKind::MissingRequiredArgument, "--shards DIR is missing"),
        }
    }
}

/// Say what was asked wrongly, and leave with 2.
pub(crate) fn usage(kind: ErrorKind, message: &str) -> ! {
    Args::command().error(kind, message).exit()
}
