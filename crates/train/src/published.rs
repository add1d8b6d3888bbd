//! The results of a finished run: a Hugging Face folder and the stamp.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use bert::Config;
use classifier::HeadConfig;
use records::metrics::{End, Metric};
use records::run_dir::RunDir;
use records::{peak_memory_bytes, publish};
use serde_json::{Value, json};
use tokens::TokenizerFiles;

use crate::checkpoint::{Best, State};
use crate::inputs::{RunInputs, TrainingSetup};
use crate::metrics::Metrics;

/// Whether `folder` holds the finished run of this very configuration on these very shards.
pub(crate) fn is_finished(inputs: &RunInputs, folder: &RunDir) -> bool {
    let stamp = records::regular(&folder.stamp()).and_then(std::fs::read_to_string).unwrap_or_default();
    let stamp: Value = serde_json::from_str(&stamp).unwrap_or_default();
    stamp["configuration_sha256"] == inputs.configuration_sha256.as_str()
        && stamp["shards_sha256"] == inputs.shards_sha256.as_str()
        && stamp["weights_sha256"] == inputs.weights_sha256.as_str()
        && stamp.get("encoder_sha256").is_none_or(|sha256| *sha256 == inputs.encoder_sha256.as_str())
}

/// Rewrite the stamp, so that make sees it as newer than the inputs that the run was just checked against.
pub(crate) fn touch(folder: &RunDir) -> anyhow::Result<()> {
    remove_checkpoints(folder)?; // an earlier removal may have failed
    let stamp = std::fs::read(folder.stamp()).with_context(|| format!("reading `{}`", folder.stamp().display()))?;
    Ok(publish::bytes(&folder.stamp(), &stamp)?)
}

/// Publish the chosen epoch's model with everything that `transformers` needs to load it.
pub(crate) fn model(setup: &TrainingSetup, folder: &RunDir, state: &State) -> anyhow::Result<()> {
    let weights = folder.checkpoint(state.best.epoch).join("model.safetensors");
    let mut chosen = File::open(&weights).with_context(|| format!("reading `{}`", weights.display()))?;
    publish::dir(&folder.model(), |out| -> anyhow::Result<()> {
        tokenizer(&setup.inputs, out)?;
        publish::bytes(&out.join("config.json"), config_json(setup, state)?.as_bytes())?;
        Ok(publish::file(&out.join("model.safetensors"), |output| std::io::copy(&mut chosen, output).map(drop))?)
    })
}

/// Write the tokenizer to `out`, with a matching `tokenizer_config.json`.
pub(crate) fn tokenizer(inputs: &RunInputs, out: &Path) -> anyhow::Result<()> {
    let files = TokenizerFiles::read(&inputs.model_folder, &inputs.configuration.encoder)?;
    let settings = files.config(inputs.encoder.max_position_embeddings, &inputs.configuration.encoder)?;
    let settings = serde_json::to_string_pretty(&settings)? + "\n";
    publish::bytes(&out.join("tokenizer.json"), &files.json)?;
    publish::bytes(&out.join("tokenizer_config.json"), settings.as_bytes())?;
    let vocabulary = inputs.model_folder.join("vocab.txt");
    if vocabulary.exists() {
        let bytes = std::fs::read(&vocabulary).with_context(|| format!("reading `{}`", vocabulary.display()))?;
        publish::bytes(&out.join("vocab.txt"), &bytes)?;
    }
    Ok(())
}

/// Hugging Face's `config.json` of the saved model: the encoder's shape at the kept depth, the classes, and our own
/// settings under `fathom`.
fn config_json(setup: &TrainingSetup, state: &State) -> anyhow::Result<String> {
    let (definition, inputs) = (&setup.definition, &setup.inputs);
    let shape = Config { num_hidden_layers: definition.kept.len(), ..definition.encoder.clone() };
    let (mut config, family) = (Value::Object(shape.settings()), shape.family());
    let labels = &inputs.manifest.labels;
    config["dtype"] = json!("float32");
    config["problem_type"] = json!("single_label_classification");
    config["id2label"] = id2label(labels);
    config["label2id"] = labels.iter().enumerate().map(|(index, label)| (label.clone(), json!(index))).collect();
    for (key, dropout) in [
        ("classifier_dropout", definition.dropout),
        ("hidden_dropout_prob", definition.encoder_dropout),
        ("attention_probs_dropout_prob", definition.encoder_dropout),
    ] {
        config[family.key(key)] = json!(dropout);
    }
    config["architectures"] = match definition.head {
        HeadConfig::ClsLinear(_) => json!([family.classifier_class]),
        _ => json!([family.encoder_class]),
    };
    if !definition.reads_weights() {
        // The model contains no part of a BERT, and `transformers` must not load it as one.
        config["model_type"] = json!(bert::EMBEDDING_ONLY);
        config["architectures"] = json!([]);
    }
    config["fathom"] = json!({
        "run": inputs.configuration.id,
        "epoch": state.best.epoch,
        "encoder": inputs.configuration.encoder,
        "encoder_blocks": inputs.encoder.num_hidden_layers,
        "blocks": definition.kept,
        "embeddings": definition.embeddings,
        "head": definition.head,
        "data": inputs.manifest.data,
    });
    Ok(serde_json::to_string_pretty(&config)? + "\n")
}

/// Class names by index, as Hugging Face writes them.
pub(crate) fn id2label(labels: &[String]) -> Value {
    labels.iter().enumerate().map(|(index, label)| (index.to_string(), json!(label))).collect()
}

/// The outcome of a run.
pub(crate) struct Outcome {
    pub(crate) epochs: usize,
    pub(crate) best: Best,
    /// Wall-clock time of all epochs.
    pub(crate) seconds: f64,
}

impl Outcome {
    pub(crate) fn of(state: &State) -> Self {
        Outcome { epochs: state.epoch, best: state.best, seconds: state.seconds }
    }
}

/// End the stream, publish the stamp as the last file, and remove the checkpoints.
pub(crate) fn finish(
    inputs: &RunInputs,
    folder: &RunDir,
    metrics: &mut Metrics,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    metrics.write(&Metric::End(End {
        epochs: outcome.epochs,
        best_epoch: outcome.best.epoch,
        seconds: outcome.seconds,
        peak_memory_bytes: peak_memory_bytes(),
        model_bytes: Some(bytes_of_weights(&folder.model())),
    }))?;
    metrics.sync()?;
    publish::bytes(&folder.stamp(), stamp(inputs, outcome)?.as_bytes())?;
    remove_checkpoints(folder)
}

/// Remove the checkpoints, which a finished run does not need.
fn remove_checkpoints(folder: &RunDir) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder.checkpoints()) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("removing `{}`", folder.checkpoints().display()))
        }
        _ => Ok(()),
    }
}

/// Bytes of the model's own files, without tokenizer and `config.json`.
fn bytes_of_weights(model: &Path) -> u64 {
    let size = |name: &str| std::fs::metadata(model.join(name)).map_or(0, |file| file.len());
    ["model.safetensors", "terms.jsonl"].into_iter().map(size).sum()
}

fn stamp(inputs: &RunInputs, outcome: &Outcome) -> anyhow::Result<String> {
    let stamp = json!({
        "run": inputs.configuration.id,
        "epochs": outcome.epochs,
        "best_epoch": outcome.best.epoch,
        "chosen_on": inputs.chooses(),
        "accuracy": outcome.best.accuracy,
        "loss": outcome.best.loss,
        "seconds": outcome.seconds,
        "configuration_sha256": inputs.configuration_sha256,
        "shards_sha256": inputs.shards_sha256,
        "weights_sha256": inputs.weights_sha256,
        "encoder_sha256": inputs.encoder_sha256,
    });
    Ok(serde_json::to_string_pretty(&stamp)? + "\n")
}
