//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use study::Measure;

use crate::verdict::Heads;

const EXAMPLE: &str = "\
Examples: print the verdict of a study, print the table from streams alone, check the records
  report verdict out/sample/runs/* --margin 1
  cat out/sample/runs/*/metrics.jsonl | report table - --format csv
  report --verify out/sample/runs/*";

/// Summarise runs as tables, figures and a verdict
#[derive(Debug, Parser)]
#[command(name = "report", version, after_help = EXAMPLE)]
#[command(arg_required_else_help = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Check runs against their own records and against each other, then exit
    #[arg(long, value_name = "RUN", num_args = 1..)]
    pub(crate) verify: Vec<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) threads: console::Threads,
    #[command(flatten)]
    pub(crate) verbosity: console::Verbosity,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print one row per configuration, over its seeds
    Table(Table),
    /// Print F1, AUC, calibration, risk by coverage, and accuracy by length and rating
    Quality(Quality),
    /// State how few blocks are enough, with paired tests, intervals and costs
    Verdict(Verdict),
    /// Print the test examples that only one of two models gets right, as JSON Lines
    Flips(Flips),
    /// Draw every figure, as SVG and PNG
    Plot(Plot),
    /// Write one self-contained HTML page with verdict, figures, tables and method
    Page(Page),
    /// Write tables, verdict, figures and page to one folder, reading the runs once
    All(All),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  report table out/sample/runs/*")]
pub(crate) struct Table {
    /// Run folders, `metrics.jsonl` files, or `-` for streams on stdin
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Output format [default: from the ending of FILE, else markdown]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) question: Question,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  report quality out/sample/runs/*")]
pub(crate) struct Quality {
    /// Run folders with predictions, or `-` for streams on stdin
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Output format [default: from the ending of FILE, else markdown]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  report verdict out/sample/runs/* --margin 1")]
pub(crate) struct Verdict {
    /// Run folders with predictions, or `-` for streams on stdin
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) question: Question,
    /// Output format [default: from the ending of FILE, else markdown]
    #[arg(long, value_enum)]
    format: Option<VerdictFormat>,
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What the runs must answer.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// The largest drop in the measure that is still enough, in points
    #[arg(long, value_name = "POINTS", default_value = "0.5", value_parser = points, allow_negative_numbers = true)]
    pub(crate) margin: f64,
    /// Which configuration represents a depth that has several
    ///
    ///   deepest  the one with the head of the deepest model
    ///   best     the one with the best validation accuracy, whatever its head
    ///   NAME     the one with this head, such as `cls-linear`
    #[arg(long = "head", value_name = "HEAD", default_value = "deepest", verbatim_doc_comment)]
    pub(crate) heads: Heads,
    /// By what models are compared: `accuracy`, `macro-f1` or `balanced-accuracy`; the latter two need predictions
    #[arg(long, value_name = "MEASURE", default_value_t)]
    pub(crate) measure: Measure,
}

const FLIPS_EXAMPLE: &str = "\
Each line is one object; the clearest differences come first. `direction` names the model that is right where the \
other is wrong; `margin_a` and `margin_b` are the logit of the true class minus the largest other, mean over the seeds.

Example: the reviews that four blocks get right and two do not
  report flips out/sample/runs/4VA out/sample/runs/2VA --only a \\
    --shards data/shards/sample-sample-bert-64-head-only | jq -r .text";

#[derive(Debug, Args)]
#[command(after_help = FLIPS_EXAMPLE)]
pub(crate) struct Flips {
    /// Model A: a run folder, or `out/sample/runs/3VA` for all seeds of that configuration
    pub(crate) a: PathBuf,
    /// Model B, likewise; runs are paired by seed
    pub(crate) b: PathBuf,
    /// Add the text of each example, from the shards that the runs were tested on
    #[arg(long, value_name = "DIR")]
    pub(crate) shards: Option<PathBuf>,
    /// Keep only the examples where A (or B) is right whenever they differ
    #[arg(long, value_enum)]
    pub(crate) only: Option<Right>,
}

/// Which model is right.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Right {
    A,
    B,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  report plot out/sample/runs/* --out /tmp/figures")]
pub(crate) struct Plot {
    /// Run folders, `metrics.jsonl` files, or `-` for streams on stdin
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The folder for the figures, each as `.svg` and `.png`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) question: Question,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  report page out/sample/runs/* --out /tmp/page.html")]
pub(crate) struct Page {
    /// Run folders, or `-` for streams on stdin
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) question: Question,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  report all out/sample/runs/* --out /tmp/report")]
pub(crate) struct All {
    /// Run folders
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The folder for table, verdict, quality, figures and `index.html`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) question: Question,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned, with notes; in per cent
    Markdown,
    /// One column a field, named with its unit; fractions
    Csv,
    /// The same fields as one array of objects
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum VerdictFormat {
    /// The sentences, a row for each depth, the method
    Markdown,
    /// One object; fractions
    Json,
}

impl Verdict {
    /// As given, or else by the ending of the file's name.
    pub(crate) fn format(&self) -> VerdictFormat {
        self.format.unwrap_or(match ending(self.out.as_deref()) {
            Some("json") => VerdictFormat::Json,
            _ => VerdictFormat::Markdown,
        })
    }
}

fn ending(path: Option<&Path>) -> Option<&str> {
    path?.extension()?.to_str()
}

impl Table {
    /// As given, or else by the ending of the file's name.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or_else(|| Format::by_ending(self.out.as_deref()))
    }
}

impl Quality {
    /// As given, or else by the ending of the file's name.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or_else(|| Format::by_ending(self.out.as_deref()))
    }
}

impl Format {
    fn by_ending(out: Option<&Path>) -> Format {
        match ending(out) {
            Some("csv") => Format::Csv,
            Some("json") => Format::Json,
            _ => Format::Markdown,
        }
    }
}

fn points(text: &str) -> Result<f64, String> {
    let points = text.parse().ok().filter(|points| (0.0..=100.0).contains(points));
    points.ok_or_else(|| "expected points, from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_as_given_or_else_by_the_ending_of_the_file() {
        for (line, expected) in [
            ("report table -", Format::Markdown),
            ("report table - --out a/table.csv", Format::Csv),
            ("report table - --out a/table.md", Format::Markdown),
            ("report table - --out a/table.csv --format json", Format::Json),
        ] {
            let Some(Command::Table(table)) = Arguments::parse_from(line.split(' ')).command else { panic!("{line}") };
            assert_eq!(table.format(), expected, "{line}");
        }
    }

    #[test]
    fn a_margin_is_points() {
        assert_eq!(points("0.5"), Ok(0.5));
        assert!(["-1", "101", "NaN", "half"].iter().all(|text| points(text).is_err()));
    }
}
