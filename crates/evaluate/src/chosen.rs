//! A published model folder, back in memory.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use bert::{Config, Precision};
use burn::module::Module;
use classifier::device::Engine;
use classifier::{Definition, HeadConfig, Model};
use records::run_dir::RunDir;
use serde::Deserialize;
use serde_json::{Value, json};
use study::{Configuration, Data};

/// A trained model and what must be known to ask it.
pub(crate) struct Chosen {
    /// The run's id, or the folder's name.
    pub(crate) name: String,
    /// The epoch the model comes from; 0 if nobody knows.
    pub(crate) epoch: usize,
    /// What it was trained on, if it is one of our runs.
    pub(crate) shards_sha256: Option<String>,
    /// The Hugging Face folder.
    pub(crate) folder: PathBuf,
    /// How texts become tokens.
    pub(crate) data: Data,
    pub(crate) model: Model,
    /// V
    pub(crate) vocab_size: usize,
    /// P at most.
    pub(crate) positions: usize,
}

/// The part of `train.json` that is needed here.
#[derive(Deserialize)]
struct Stamp {
    run: String,
    best_epoch: usize,
    shards_sha256: String,
}

impl Chosen {
    /// The chosen epoch of the finished run in `folder`.
    pub(crate) fn from_run(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        let run = RunDir::new(folder);
        let stamp = read(&run.stamp()).context("the run is not finished; train it first")?;
        let stamp: Stamp = serde_json::from_str(&stamp).with_context(|| format!("`{}`", run.stamp().display()))?;
        let configuration = Configuration::from_json(&read(&run.config())?)?;
        let model = Self::load(&run.model(), precision(&configuration, engine)?, engine)?;
        Ok(Chosen { name: stamp.run, epoch: stamp.best_epoch, shards_sha256: Some(stamp.shards_sha256), ..model })
    }

    /// Any Hugging Face folder of a `BertForSequenceClassification`.
    pub(crate) fn from_model(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        Self::load(folder, Precision::Fp32, engine)
    }

    fn load(folder: &Path, precision: Precision, engine: &Engine) -> anyhow::Result<Self> {
        let encoder = Config::read(folder)?;
        let path = folder.join("config.json");
        let labels = encoder.other.get("id2label").and_then(Value::as_object);
        let classes = labels.map_or(2, serde_json::Map::len); // transformers leaves two classes unnamed
        ensure!(classes > 1, "`{}` names only one class in `id2label`", path.display());
        let ours = encoder.other.get("fathom").cloned().unwrap_or_default();
        let head = ours.get("head").cloned().unwrap_or(json!({"kind": "cls-linear"}));
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let data = ours.get("data").cloned().unwrap_or_else(|| whole_texts(&name, &encoder));
        let within = || format!("`{}`", path.display());
        let (vocab_size, positions) = (encoder.vocab_size, encoder.max_position_embeddings);
        let definition = Definition {
            kept: (0..encoder.num_hidden_layers).collect(),
            head: HeadConfig::from_value(head).map_err(anyhow::Error::msg).with_context(within)?,
            encoder,
            classes,
            dropout: 0.0,
            precision,
        };
        let data = serde_json::from_value(data).with_context(within)?;
        let model = definition.saved(&folder.join("model.safetensors"), &engine.device)?.valid();
        Ok(Chosen {
            name,
            epoch: 0,
            shards_sha256: None,
            folder: folder.to_owned(),
            data,
            model,
            vocab_size,
            positions,
        })
    }
}

/// A folder that does not say how its texts were cut: their first tokens, as many as it has positions for.
fn whole_texts(name: &str, encoder: &Config) -> Value {
    json!({"dataset": "jsonl", "tokenizer": name, "max_seq_length": encoder.max_position_embeddings})
}

fn precision(configuration: &Configuration, engine: &Engine) -> anyhow::Result<Precision> {
    let (id, bf16) = (&configuration.id, configuration.precision == study::Precision::Bf16);
    ensure!(
        !bf16 || engine.has_bf16(),
        "run `{id}` computes in `bf16`, which needs LibTorch; use `--device cpu` or `cuda`"
    );
    Ok(if bf16 { Precision::Bf16 } else { Precision::Fp32 })
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))
}
