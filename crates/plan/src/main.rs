//! Expand a study definition into one configuration per run.

mod contrast;
mod make;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use records::publish::{self, Output};
use records::run_dir::RunDir;
use study::{Configuration, Study};

const EXAMPLE: &str = "\
Example: one run, for a single epoch
  plan pipelines/sample.toml | jq -c 'select(.id == \"2VA-s1\") | .epochs = 1' |
    train --config - --shards SHARDS --model MODEL --out RUN";

/// Expand a study definition into one configuration per run
#[derive(Debug, Parser)]
#[command(name = "plan", version, after_long_help = EXAMPLE)]
struct Args {
    /// The study definition, such as `pipelines/sample.toml`
    study: PathBuf,
    /// Only the configurations on this encoder
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// Write DIR/runs/RUN/config.json and DIR/plan.FORMAT instead of printing
    #[arg(long, value_name = "DIR", conflicts_with = "encoder")]
    write: Option<PathBuf>,
    /// Print to FILE, which appears when it is whole
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    out: Option<PathBuf>,
    /// Configurations as JSON Lines, or the names that a Makefile needs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Jsonl,
    Make,
}

fn main() -> ExitCode {
    console::main("plan", run)
}

fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    args.verbosity.start();
    let study = Study::read(&args.study)?;
    let configurations = chosen(&study, args.encoder.as_deref())?;
    let plan = match args.format {
        Format::Jsonl => json_lines(&configurations)?,
        Format::Make => make::variables(&study, &configurations)?,
    };
    match &args.write {
        Some(folder) => write(&args, folder, &study, &configurations, &plan),
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
        Some(name) if configurations.is_empty() => bail!("no configuration of study `{}` is on `{name}`", study.name),
        _ => Ok(configurations),
    }
}

fn json_lines(configurations: &[Configuration]) -> anyhow::Result<String> {
    let lines = configurations.iter().map(|configuration| Ok(serde_json::to_string(configuration)? + "\n"));
    lines.collect()
}

/// The plan comes last and always anew: it is newer than the study file once every `config.json` is there.
/// A `config.json` keeps its time unless its bytes change, and with it whatever was made from it; `data.json`
/// does the same for what the whole study is trained on.
fn write(
    args: &Args,
    folder: &Path,
    study: &Study,
    configurations: &[Configuration],
    plan: &str,
) -> anyhow::Result<()> {
    let name = match args.format {
        Format::Jsonl => "plan.jsonl",
        Format::Make => "plan.mk",
    };
    let planned = modified(&folder.join(name));
    let data = serde_json::to_string_pretty(&study.data)? + "\n";
    put(&folder.join("data.json"), &data, planned, &args.study)?;
    for configuration in configurations {
        let run = RunDir::new(folder.join("runs").join(&configuration.id));
        put(&run.config(), &configuration.to_json()?, planned, &args.study)?;
    }
    say(study, configurations);
    Ok(publish::bytes(&folder.join(name), plan.as_bytes())?)
}

/// What somebody changed after the last plan is put right, which is said: they may believe that it is going to be trained.
fn put(path: &Path, text: &str, planned: Option<SystemTime>, study: &Path) -> anyhow::Result<()> {
    let is_edited = planned.zip(modified(path)).is_some_and(|(planned, changed)| changed > planned);
    if publish::if_changed(path, text.as_bytes())? && is_edited {
        let (path, study) = (path.display(), study.display());
        log::warn!("`{path}` was changed by hand; it is again what `{study}` says: change that instead");
    }
    Ok(())
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn say(study: &Study, configurations: &[Configuration]) {
    let (runs, rows, seeds) = (configurations.len(), study.configuration.len(), study.seeds.len());
    let epochs: usize = configurations.iter().map(|configuration| configuration.epochs).sum();
    log::info!("study `{}`: {runs} runs ({rows} configurations, seeds: {seeds}), {epochs} epochs at most", study.name);
}
