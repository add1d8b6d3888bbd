//! Measure a row with our tools, called as a user calls them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use records::Split;
use records::jsonl::Reader;
use records::metrics::Metric;
use records::predictions::Record;
use records::run_dir::RunDir;
use serde_json::{Map, Value};

use crate::child;
use crate::measurement::Outcome;
use crate::place::{Place, Prepared};
use crate::rows::Kind;
use crate::statistics::Spread;

/// Prepare the first round: an evaluation needs a trained model. Returns the versions that trained it.
pub(crate) fn begin(prepared: &Prepared<'_>, place: &Place) -> anyhow::Result<Map<String, Value>> {
    match prepared.row.kind {
        Kind::Evaluate => Ok(train(prepared, place, None)?.versions),
        Kind::Train | Kind::Prep => Ok(Map::new()),
    }
}

/// Measure the row once, `without` some kernels.
pub(crate) fn measure(prepared: &Prepared<'_>, place: &Place, without: Option<&str>) -> anyhow::Result<Outcome> {
    let outcome = match prepared.row.kind {
        Kind::Train => train(prepared, place, without),
        Kind::Evaluate => evaluate(prepared, place, without),
        Kind::Prep => prep(prepared, place),
    };
    outcome.with_context(|| format!("row `{}`, our side", prepared.row.id))
}

/// Remove the row's files.
pub(crate) fn end(prepared: &Prepared<'_>, place: &Place) -> anyhow::Result<()> {
    removed(&scratch(prepared, place))
}

fn scratch(prepared: &Prepared<'_>, place: &Place) -> PathBuf {
    place.options.work.join("runs").join(&prepared.row.id)
}

/// Remove `folder` if it is there.
pub(crate) fn removed(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("removing `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}

fn tool(name: &str, place: &Place, without: Option<&str>) -> Command {
    let mut command = place.command(&place.options.bin.join(name));
    command.envs(without.map(|groups| ("FATHOM_KERNELS", groups)));
    command
}

/// Counts the seconds of the training epoch, without loading, scoring and saving.
fn train(prepared: &Prepared<'_>, place: &Place, without: Option<&str>) -> anyhow::Result<Outcome> {
    let run = scratch(prepared, place);
    removed(&run)?;
    let mut command = tool("train", place, without);
    command.arg("--config").arg(&prepared.config).arg("--shards").arg(&prepared.shards);
    command.arg("--model").arg(&prepared.model).arg("--out").arg(&run);
    command.args(["--device", &place.engine.name, "-q"]);
    let finished = child::run(&mut command, place.gpu())?;
    let (mut outcome, mut rates) = (Outcome::new(&finished, 0, 0.0), Vec::new());
    for metric in Reader::<Metric, _>::open(&RunDir::new(&run).metrics())? {
        match metric? {
            Metric::Begin(begin) => {
                let by = begin.provenance;
                outcome.versions = versions([("train", by.commit), ("burn", by.burn), ("libtorch", by.libtorch)]);
            }
            Metric::Epoch(epoch) if epoch.split == Split::Train => {
                (outcome.examples, outcome.seconds, outcome.loss) = (epoch.examples, epoch.seconds, Some(epoch.loss));
            }
            Metric::Step(step) => rates.push(step.tokens_per_second),
            _ => {}
        }
    }
    outcome.steady_tokens_per_second = Spread::of(rates.into_iter().skip(1)).map(|spread| spread.median);
    Ok(outcome)
}

/// Counts the seconds of predicting and of writing the predictions.
fn evaluate(prepared: &Prepared<'_>, place: &Place, without: Option<&str>) -> anyhow::Result<Outcome> {
    let mut command = tool("evaluate", place, without);
    command.arg("--run").arg(scratch(prepared, place)).arg("--shards").arg(&prepared.shards);
    command.args(["--split", "test", "--device", &place.engine.name, "-q"]);
    let finished = child::run(&mut command, place.gpu())?;
    let last = Reader::<Record, _>::new("evaluate", finished.stdout.as_bytes()).last().transpose()?;
    match last {
        Some(Record::End(end)) => Ok(Outcome::new(&finished, end.examples, end.seconds)),
        _ => anyhow::bail!("the predictions of `evaluate` have no `end` record"),
    }
}

/// Counts the seconds of the whole process.
fn prep(prepared: &Prepared<'_>, place: &Place) -> anyhow::Result<Outcome> {
    let out = scratch(prepared, place);
    removed(&out)?;
    let finished = place.prep(&prepared.definition, &out)?;
    Ok(Outcome::new(&finished, prepared.work.examples, finished.seconds))
}

fn versions(named: [(&str, String); 3]) -> Map<String, Value> {
    named.into_iter().map(|(name, version)| (name.to_owned(), Value::from(version))).collect()
}
