//! What a run leaves when it is done: a Hugging Face folder and the stamp; and where it begins.

use anyhow::Context;
use burn::tensor::Device;
use classifier::{HeadConfig, Model};
use records::publish;
use records::run_dir::RunDir;
use serde_json::{Value, json};
use study::Weights;

use crate::checkpoint::State;
use crate::input::Input;

/// The model before the first step.
pub(crate) fn initial_model(input: &Input, device: &Device) -> anyhow::Result<Model> {
    let seed = input.configuration.seed;
    Ok(match input.configuration.weights {
        Weights::Pretrained => input.definition.pretrained(&input.model_folder, seed, device)?,
        Weights::Random => input.definition.random(seed, device)?,
    })
}

/// Whether `folder` holds the finished run of this very configuration on these very shards.
pub(crate) fn is_finished(input: &Input, folder: &RunDir) -> bool {
    let stamp = std::fs::read_to_string(folder.stamp()).unwrap_or_default();
    let stamp: Value = serde_json::from_str(&stamp).unwrap_or_default();
    stamp["configuration_sha256"] == input.configuration_sha256.as_str()
        && stamp["shards_sha256"] == input.shards_sha256.as_str()
        && stamp["weights_sha256"] == input.weights_sha256.as_str()
}

/// Publish the stamp anew, so that make sees it as newer than what the run was just held against.
pub(crate) fn touch(folder: &RunDir) -> anyhow::Result<()> {
    let stamp = std::fs::read(folder.stamp()).with_context(|| format!("reading `{}`", folder.stamp().display()))?;
    Ok(publish::bytes(&folder.stamp(), &stamp)?)
}

/// Remove what an earlier configuration left: the stamp first, so that nobody takes the rest for finished.
pub(crate) fn clear(folder: &RunDir) -> anyhow::Result<()> {
    let removed = [
        std::fs::remove_file(folder.stamp()),
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

/// Publish the chosen epoch's model with everything `transformers` needs to load it.
pub(crate) fn model(input: &Input, folder: &RunDir, state: &State) -> anyhow::Result<()> {
    let weights = folder.checkpoint(state.best.epoch).join("model.safetensors");
    let bytes = std::fs::read(&weights).with_context(|| format!("reading `{}`", weights.display()))?;
    publish::dir(&folder.model(), |out| -> anyhow::Result<()> {
        for name in ["tokenizer.json", "tokenizer_config.json", "vocab.txt"] {
            let from = input.model_folder.join(name);
            if from.exists() {
                let bytes = std::fs::read(&from).with_context(|| format!("reading `{}`", from.display()))?;
                publish::bytes(&out.join(name), &bytes)?;
            }
        }
        publish::bytes(&out.join("config.json"), config_json(input, state)?.as_bytes())?;
        Ok(publish::bytes(&out.join("model.safetensors"), &bytes)?)
    })
}

/// Hugging Face's `config.json`, with the kept depth, the classes, and what is ours under `fathom`.
fn config_json(input: &Input, state: &State) -> anyhow::Result<String> {
    let definition = &input.definition;
    let mut config = serde_json::to_value(&definition.encoder)?;
    let labels = &input.manifest.labels;
    let named = || labels.iter().enumerate();
    config["num_hidden_layers"] = json!(definition.kept.len());
    config["id2label"] = named().map(|(index, label)| (index.to_string(), json!(label))).collect();
    config["label2id"] = named().map(|(index, label)| (label.clone(), json!(index))).collect();
    config["classifier_dropout"] = json!(definition.dropout);
    config["architectures"] = match definition.head {
        HeadConfig::ClsLinear(_) => json!(["BertForSequenceClassification"]),
        _ => json!(["BertModel"]),
    };
    config["fathom"] = json!({
        "run": input.configuration.id,
        "epoch": state.best.epoch,
        "encoder": input.configuration.encoder,
        "encoder_blocks": definition.encoder.num_hidden_layers,
        "blocks": definition.kept,
        "head": definition.head,
        "data": input.manifest.data,
    });
    Ok(serde_json::to_string_pretty(&config)? + "\n")
}

/// Publish the stamp, the last file; the checkpoints have done their duty.
pub(crate) fn stamp(input: &Input, folder: &RunDir, state: &State) -> anyhow::Result<()> {
    let stamp = json!({
        "run": input.configuration.id,
        "epochs": state.epoch,
        "best_epoch": state.best.epoch,
        "chosen_on": input.chooses(),
        "accuracy": state.best.accuracy,
        "loss": state.best.loss,
        "seconds": state.seconds,
        "configuration_sha256": input.configuration_sha256,
        "shards_sha256": input.shards_sha256,
        "weights_sha256": input.weights_sha256,
    });
    publish::bytes(&folder.stamp(), (serde_json::to_string_pretty(&stamp)? + "\n").as_bytes())?;
    let checkpoints = folder.checkpoints();
    std::fs::remove_dir_all(&checkpoints).with_context(|| format!("removing `{}`", checkpoints.display()))
}
