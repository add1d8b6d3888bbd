//! Expand a study definition into one configuration per run.

mod folder;
mod given;
mod inputs;
mod make;
mod new;
mod pair;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use records::publish::Output;
use study::{Configuration, Study};

const EXAMPLE: &str = "\
Examples: the runs of a study, a study for texts of your own, and one run for a single epoch
  plan pipelines/sample.toml
  plan new mail.csv
  plan pipelines/sample.toml | jq -c 'select(.id == \"2VA-s1\") | .epochs = 1' |
    train --config - --shards SHARDS --model MODEL --out RUN

With `--write DIR --format make`, as the Makefile calls it, `plan` also checks the variables that
make hands down in the environment (INPUT, IMDB_ARCHIVE, MODELS_DIR, ENGINE, DEVICE, MARGIN, HEAD,
A, B, EXAMPLES, TRIED), and writes the sha256 of each input to a file that keeps its time as long as
the content is the same.";

/// Expand a study definition into one configuration per run
#[derive(Debug, Parser)]
#[command(name = "plan", version, after_long_help = EXAMPLE)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The study definition, such as `pipelines/sample.toml`
    #[arg(required = true)]
    study: Option<PathBuf>,
    /// Only the configurations on this encoder
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// Write DIR/runs/RUN/config.json and DIR/plan.FORMAT instead of printing
    #[arg(long, value_name = "DIR", conflicts_with = "encoder")]
    write: Option<PathBuf>,
    /// Print to FILE, which appears when it is whole
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    out: Option<PathBuf>,
    /// Print the two finished runs below DIR, the study's folder, that `make attend` compares, as `A=RUN B=RUN`
    #[arg(long, value_name = "DIR", conflicts_with_all = ["write", "format"])]
    pair: Option<PathBuf>,
    /// Configurations as JSON Lines, or the names that a Makefile needs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, ValueEnum)]
enum Format {
    #[default]
    Jsonl,
    Make,
}

fn main() -> ExitCode {
    console::main("plan", run)
}

fn run() -> anyhow::Result<()> {
    let mut args = Args::parse();
    args.verbosity.start();
    if let Some(Command::New(new)) = args.command.take() {
        return new.run();
    }
    let path = args.study.clone().unwrap_or_default();
    let study = Study::read(&path)?;
    let configurations = chosen(&study, args.encoder.as_deref())?;
    let plan = match (&args.pair, args.format) {
        (Some(folder), _) => pair::pair(&configurations, folder)?,
        (None, Format::Jsonl) => json_lines(&configurations)?,
        (None, Format::Make) => {
            folder::warn_of_namesake(&path, &study);
            make::plan(&study, &configurations, args.write.as_deref())?
        }
    };
    match &args.write {
        Some(folder) => folder::write(folder, &path, args.format, &study, &configurations, &plan),
        None => {
            let mut output = Output::open(args.out.as_deref())?;
            output.write_all(plan.as_bytes()).context("writing the configurations")?;
            Ok(output.finish()?)
        }
    }
}

fn chosen(study: &Study, encoder: Option<&str>) -> anyhow::Result<Vec<Configuration>> {
    let mut configurations = study.configurations()?;
    configurations.retain(|configuration| encoder.is_none_or(|name| configuration.encoder == name));
    match encoder {
        Some(name) if configurations.is_empty() => bail!("study `{}` has no configuration on `{name}`", study.name),
        _ => Ok(configurations),
    }
}

fn json_lines(configurations: &[Configuration]) -> anyhow::Result<String> {
    let lines = configurations.iter().map(|configuration| Ok(serde_json::to_string(configuration)? + "\n"));
    lines.collect()
}
