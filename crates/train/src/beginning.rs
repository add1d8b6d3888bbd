//! The start of a run: its first model, and a folder without remains of an earlier configuration.

use std::path::Path;

use anyhow::{Context, ensure};
use burn::tensor::Device;
use classifier::Model;
use records::metrics::{Begin, Metric};
use records::run_dir::RunDir;
use records::{Split, jsonl, publish};
use serde_json::Value;
use study::Weights;

use crate::inputs::{RunInputs, TrainingSetup};
use crate::metrics::Metrics;

/// The model before the first step.
pub(crate) fn initial_model(setup: &TrainingSetup, device: &Device) -> anyhow::Result<Model> {
    let seed = setup.inputs.configuration.seed;
    Ok(match setup.inputs.configuration.weights {
        Weights::Pretrained => setup.definition.pretrained(&setup.inputs.model_folder, seed, device)?,
        Weights::Random => setup.definition.random(seed, device)?,
    })
}

/// Remove what an earlier configuration wrote, and open the training stream with its first line.
pub(crate) fn start_run(inputs: &RunInputs, folder: &RunDir, begin: Begin) -> anyhow::Result<Metrics> {
    refuse_another(inputs, folder)?;
    if folder.stamp().exists() {
        let (id, changed) = (&inputs.configuration.id, changed(inputs, folder));
        log::warn!("{id}: {changed} since it was trained; removing the old model and training from the start");
    }
    clear(folder)?;
    publish::if_changed(&folder.config(), inputs.configuration.to_json()?.as_bytes())?;
    let mut metrics = Metrics::open(&folder.metrics(), 0)?;
    metrics.write(&Metric::Begin(Box::new(begin)))?;
    Ok(metrics)
}

/// What differs from the configuration that the folder's metrics begin with.
fn changed(inputs: &RunInputs, folder: &RunDir) -> String {
    let begin = jsonl::Reader::<Metric, _>::open(&folder.metrics()).ok().and_then(|mut lines| lines.next()?.ok());
    let Some(Metric::Begin(begin)) = begin else { return "settings or files changed".to_owned() };
    let fields = |configuration| serde_json::to_value(configuration).unwrap_or_default();
    let (before, now) = (fields(&begin.configuration), fields(&inputs.configuration));
    let differ = now.as_object().into_iter().flatten().filter(|(key, value)| before[key.as_str()] != **value);
    let settings: Vec<String> =
        differ.map(|(key, value)| format!("`{key}` changed from {} to {value}", before[key.as_str()])).collect();
    match settings.is_empty() {
        false => settings.join(", "),
        true if begin.shards_sha256 != inputs.shards_sha256 => "the shards changed".to_owned(),
        true => "the encoder or its weights changed".to_owned(),
    }
}

/// Check that `folder` is free for this run: a wrong `--out` must not destroy another run or other files.
///
/// # Errors
/// The folder holds another run, or files that are not a run's.
pub(crate) fn refuse_another(inputs: &RunInputs, folder: &RunDir) -> anyhow::Result<()> {
    let id = &inputs.configuration.id;
    let run_in = |path: &Path, name: &str| {
        let value: Value =
            serde_json::from_str(&records::regular(path).and_then(std::fs::read_to_string).ok()?).ok()?;
        value[name].as_str().map(str::to_owned)
    };
    let earlier = run_in(&folder.stamp(), "run").or_else(|| run_in(&folder.config(), "id"));
    let place = folder.path().display();
    match earlier {
        Some(earlier) => {
            ensure!(
                earlier == *id,
                "`{place}` holds run `{earlier}`, not `{id}`; choose another `--out`, or remove that folder"
            );
        }
        None => ensure!(is_free(folder)?, "`{place}` is not empty and not a run's folder; choose another `--out`"),
    }
    Ok(())
}

/// Whether the folder is empty except for the lock and the partial `config.json` that a `train` leaves if it is killed
/// at its start.
fn is_free(folder: &RunDir) -> anyhow::Result<bool> {
    let ours = [folder.lock(), publish::partial(&folder.config())];
    match std::fs::read_dir(folder.path()) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        entries => {
            let mut entries = entries.with_context(|| format!("reading `{}`", folder.path().display()))?;
            Ok(entries.all(|entry| entry.is_ok_and(|entry| ours.contains(&entry.path()))))
        }
    }
}

/// Remove what an earlier configuration wrote. The stamp goes first, so that the rest never looks finished.
fn clear(folder: &RunDir) -> anyhow::Result<()> {
    let removed = [
        std::fs::remove_file(folder.stamp()),
        std::fs::remove_file(folder.predictions(Split::Test)), // they belong to the earlier model
        std::fs::remove_file(folder.predictions(Split::Validation)),
        std::fs::remove_file(folder.latency()),
        std::fs::remove_dir_all(folder.model()),
        std::fs::remove_dir_all(folder.checkpoints()),
    ];
    for result in removed {
        match result {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(e).with_context(|| format!("clearing `{}`", folder.path().display()));
            }
            _ => {}
        }
    }
    Ok(())
}
