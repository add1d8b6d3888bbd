//! Expand a study definition into one configuration per run.

mod folder;
mod given;
mod inputs;
mod make;
mod new;
mod pair;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use records::publish::Output;
use study::{Configuration, Error, Study, nearest};

const EXAMPLE: &str = "\
Examples: a study for texts of your own, and one run of a study, for a single epoch
  plan new mail.csv
  plan pipelines/sample.toml | jq -c 'select(.id == \"2VA-s1\") | .epochs = 1' |
    train --config - --shards SHARDS --model MODEL --out RUN

With `--write DIR --format make`, as the Makefile calls it, `plan` also checks the variables that
make hands down in the environment (INPUT, IMDB_ARCHIVE, MODELS_DIR, DEVICE, MARGIN, HEAD, A, B,
EXAMPLES, TRIED), and writes the sha256 of each input to a file that keeps its time as long as the
content is the same.";

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
    let study = read(&path)?;
    let configurations = chosen(&study, args.encoder.as_deref())?;
    let plan = match (&args.pair, args.format) {
        (Some(folder), _) => pair::pair(&configurations, folder)?,
        (None, Format::Jsonl) => json_lines(&configurations)?,
        (None, Format::Make) => make::plan(&study, &configurations, args.write.as_deref())?,
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

/// The study at `path`; if it is missing, the message names those beside it.
fn read(path: &Path) -> anyhow::Result<Study> {
    let missing = |error: &Error| matches!(error, Error::Read { source, .. } if source.kind() == ErrorKind::NotFound);
    match Study::read(path) {
        Err(error) if missing(&error) => bail!("no study `{}`{}", path.display(), others(path)),
        read => Ok(read?),
    }
}

fn others(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let studies = entries.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let mut names: Vec<String> = studies.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let meant = nearest(&name, names.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    match names.is_empty() {
        true => String::new(),
        false => format!("; there are `{}`{}", names.join("`, `"), meant.unwrap_or_default()),
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
