//! The command line.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgGroup, CommandFactory, Parser, ValueEnum};

use crate::method::MethodName;
use crate::scale::Scale;
use crate::terminal::Colours;

/// Show what a trained model attends to, token by token, and test how far the picture can be trusted
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
    /// Folder of a finished run; several --run stand side by side
    #[arg(long, value_name = "RUN", group = "who")]
    pub(crate) run: Vec<PathBuf>,
    /// Hugging Face folder of a classifier
    #[arg(long, value_name = "DIR", group = "who")]
    pub(crate) model: Vec<PathBuf>,

    /// Text to show; may be given more than once
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["review", "file"], help_heading = "Texts")]
    pub(crate) text: Vec<String>,
    /// Id of a test review in --shards; may be given more than once
    #[arg(long, value_name = "ID", requires = "shards", conflicts_with = "file", help_heading = "Texts")]
    pub(crate) review: Vec<String>,
    /// JSON Lines with "id", "text" and an optional "label"; `-` is stdin
    #[arg(value_name = "FILE|-", help_heading = "Texts")]
    pub(crate) file: Option<String>,
    /// Folder of shards, for --review and --faithfulness
    #[arg(long, value_name = "DIR", help_heading = "Texts")]
    pub(crate) shards: Option<PathBuf>,
    /// Stop after N reviews
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Texts")]
    pub(crate) limit: Option<u32>,

    /// How to weigh tokens; the default follows from --block, --head and --query, and is `last-layer` without them
    #[arg(long, value_enum, help_heading = "What to show")]
    pub(crate) method: Option<MethodName>,
    /// Kept block, counted from 0
    #[arg(long, value_name = "N", help_heading = "What to show")]
    pub(crate) block: Option<usize>,
    /// Attention head of --block, counted from 0; the default is the mean over all heads
    #[arg(long, value_name = "M", help_heading = "What to show")]
    pub(crate) head: Option<usize>,
    /// Token whose attention is shown: word pieces counted from 0 (`[CLS]`), as `--special --format jsonl` lists them
    #[arg(long, value_name = "K", help_heading = "What to show")]
    pub(crate) query: Option<usize>,
    /// Subtract the weights of another model: `pretrained`, or the folder of a run or a model
    #[arg(long, value_name = "pretrained|DIR", help_heading = "What to show")]
    pub(crate) against: Option<String>,
    /// Folder that holds pretrained models by name
    #[arg(long, value_name = "DIR", default_value = "data/models", help_heading = "What to show")]
    pub(crate) models: PathBuf,
    /// Show `[CLS]` and `[SEP]` too
    #[arg(long, help_heading = "What to show")]
    pub(crate) special: bool,
    /// Scale from weights to colours
    #[arg(long, value_enum, default_value = "min-max", help_heading = "What to show")]
    pub(crate) scale: Scale,
    /// Colour word pieces instead of whole words
    #[arg(long, help_heading = "What to show")]
    pub(crate) pieces: bool,

    /// Test each method: remove its highest-weighted tokens from N test reviews of --shards (at least 20) and measure how
    /// far the predicted class's probability falls
    #[arg(long, value_name = "N", requires = "shards", conflicts_with = "against")]
    #[arg(value_parser = clap::value_parser!(u32).range(20..))]
    pub(crate) faithfulness: Option<u32>,

    /// Skip gradients in --format html and --faithfulness; on a CPU they take most of the time
    #[arg(long)]
    pub(crate) attention_only: bool,

    /// Output format
    #[arg(long, value_enum, default_value = "ansi", help_heading = "Output")]
    pub(crate) format: Format,
    /// Write this file instead of stdout
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Colours that the terminal can show
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

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Coloured text for a terminal
    Ansi,
    /// Self-contained page to choose blocks, attention heads and methods on
    Html,
    /// One JSON record a review: tokens, their characters and weights
    Jsonl,
    /// Picture of coloured text
    Png,
}

impl Args {
    /// Whether any text was given.
    pub(crate) fn names_texts(&self) -> bool {
        !self.text.is_empty() || !self.review.is_empty() || self.file.is_some()
    }

    /// Whether the arguments choose a method.
    pub(crate) fn names_method(&self) -> bool {
        self.method.is_some() || self.block.is_some() || self.head.is_some() || self.query.is_some()
    }

    /// The folder of `--shards`; exits with 2 if it is missing.
    pub(crate) fn shards(&self) -> &Path {
        match &self.shards {
            Some(shards) => shards,
            None => usage(ErrorKind::MissingRequiredArgument, "--shards DIR is missing"),
        }
    }
}

/// Print a usage error and exit with 2.
pub(crate) fn usage(kind: ErrorKind, message: &str) -> ! {
    Args::command().error(kind, message).exit()
}
