//! Load a published model folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bert::{Checkpoint, Config, Precision};
use burn::module::Module;
use classifier::device::Engine;
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use records::run_dir::{RunDir, seeds_of};
use serde::Deserialize;
use serde_json::{Value, json};
use study::{Configuration, Data, ModelKind};
use tokens::TextTokenizer;

use crate::answers::Answers;

/// A trained model with everything that a prediction needs.
pub struct Trained {
    /// The run's id, or the folder's name.
    pub name: String,
    /// The model's origin.
    pub origin: Origin,
    /// The Hugging Face folder.
    pub folder: PathBuf,
    /// Settings that turn texts into tokens.
    pub data: Data,
    /// Class names by index.
    pub labels: Vec<String>,
    /// The model itself.
    pub answers: Answers,
}

/// The origin of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A finished run.
    Run {
        /// The chosen epoch.
        epoch: usize,
        /// The sha256 of the shards it was trained on.
        shards_sha256: String,
    },
    /// A model folder without a run; its training data are unknown.
    Folder,
}

impl Origin {
    /// The sha256 of the shards that a run was trained on.
    pub fn shards_sha256(&self) -> Option<&str> {
        match self {
            Origin::Run { shards_sha256, .. } => Some(shards_sha256),
            Origin::Folder => None,
        }
    }
}

/// The fields of `train.json` that are read here.
#[derive(Deserialize)]
struct Stamp {
    run: String,
    best_epoch: usize,
    shards_sha256: String,
}

impl Trained {
    /// Load the chosen epoch of the finished run in `folder`.
    pub fn from_run(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        let run = RunDir::new(folder);
        let place = folder.display();
        if let (false, Some(seed)) = (folder.is_dir(), seeds_of(folder).first()) {
            bail!("`{place}` is a configuration, not a run of it; name one of its seeds, such as `{}`", seed.display());
        }
        ensure!(folder.is_dir(), "there is no folder `{place}`; {NAME_A_RUN}");
        ensure!(run.config().exists(), "`{place}` is not a run, since it has no `config.json`; {NAME_A_RUN}");
        let text = read(&run.config())?;
        ensure!(!text.trim().is_empty(), "`{}` is empty; `make` writes it again", run.config().display());
        let configuration = Configuration::from_json(&text).with_context(|| {
            format!(
                "`{}` is not the configuration of a run; give a model's folder with `--model`",
                run.config().display()
            )
        })?;
        let stamp = read(&run.stamp()).context("the run is not finished; train it first")?;
        let stamp: Stamp = serde_json::from_str(&stamp).with_context(|| format!("`{}`", run.stamp().display()))?;
        let config = config(&run.model(), "train the run again")?;
        belongs_to(&config, &stamp, &run)?;
        let model = Self::load(&run.model(), &config, Some(&configuration), engine)?;
        let origin = Origin::Run { epoch: stamp.best_epoch, shards_sha256: stamp.shards_sha256 };
        Ok(Trained { name: stamp.run, origin, ..model })
    }

    /// Load a Hugging Face folder of a `BertForSequenceClassification`, or the model folder of a run; computed in fp32.
    pub fn from_model(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        ensure!(!is_run(folder), "`{}` is the folder of a run; give it with `--run`", folder.display());
        Self::load(folder, &config(folder, NAME_A_MODEL)?, None, engine)
    }

    /// Load the tokenizer in the model's folder.
    ///
    /// # Errors
    /// The folder has no tokenizer, its vocabulary is larger than the model's, or `max_seq_length` exceeds the model's
    /// positions.
    pub fn tokenizer(&self) -> anyhow::Result<TextTokenizer> {
        let (folder, length) = (self.folder.display(), self.data.max_seq_length);
        let (vocab_size, positions) = self
            .answers
            .encoder()
            .map_or((usize::MAX, usize::MAX), |encoder| (encoder.vocab_size, encoder.max_position_embeddings));
        ensure!(
            (3..=positions).contains(&length),
            "`{folder}`: max_seq_length is {length}; it must be from 3 to the model's {positions} positions"
        );
        let tokenizer = TextTokenizer::load(&self.folder, &self.data)?;
        ensure!(
            tokenizer.vocab_size <= vocab_size,
            "`{folder}`: the tokenizer has {} tokens, the model {vocab_size}; give the tokenizer it was trained with",
            tokenizer.vocab_size
        );
        Ok(tokenizer)
    }

    /// Load the model in `folder`, with the precision of `configuration`, or fp32.
    fn load(
        folder: &Path,
        config: &Value,
        configuration: Option<&Configuration>,
        engine: &Engine,
    ) -> anyhow::Result<Self> {
        let model = || -> anyhow::Result<Self> {
            let name = file_name(folder);
            let network_files = match ModelKind::named(config["model_type"].as_str().unwrap_or_default()) {
                ModelKind::TfIdf => None,
                ModelKind::Network => Some(network_files(folder, config)?),
            };
            let rows =
                network_files.as_ref().and_then(|(_, weights)| weights.shape("classifier.weight")?.first().copied());
            let labels = labels(config, rows).map_err(anyhow::Error::msg)?;
            let data = ours(config, "data", whole_texts(&name, network_files.as_ref().map(|(encoder, _)| encoder)));
            let data: Data = serde_json::from_value(data).context("config.json: `fathom.data`")?;
            data.check()?;
            let answers = match network_files {
                None => Answers::terms(folder)?,
                Some((encoder, weights)) => {
                    let precision = precision(configuration, engine)?;
                    network(weights, config, encoder, &data, labels.len(), precision, engine)?
                }
            };
            Ok(Trained { name, origin: Origin::Folder, folder: folder.to_owned(), data, labels, answers })
        };
        model().with_context(|| format!("`{}`", folder.display()))
    }
}

/// Whether `folder` is that of a run, finished or not.
pub fn is_run(folder: &Path) -> bool {
    read(&RunDir::new(folder).config()).is_ok_and(|text| Configuration::from_json(&text).is_ok())
}

const NAME_A_RUN: &str = "name the folder of a finished run; `make demo` trains some below `out/sample/runs`";

const NAME_A_MODEL: &str =
    "name the folder of a classifier: `model` in a run's folder, or one from `fetch model OWNER/NAME --out DIR`";

/// `config.json` of a model; `remedy` tells where to find one.
fn config(folder: &Path, remedy: &str) -> anyhow::Result<Value> {
    ensure!(folder.is_dir(), "there is no model folder `{}`; {remedy}", folder.display());
    match Config::keys(folder) {
        Err(bert::Error::Io(error)) => bail!("{error}; {remedy}"),
        keys => Ok(Value::Object(keys?)),
    }
}

fn network(
    weights: Checkpoint,
    config: &Value,
    encoder: Config,
    data: &Data,
    classes: usize,
    precision: Precision,
    engine: &Engine,
) -> anyhow::Result<Answers> {
    let (head, embeddings) = (json!({"kind": "cls-linear"}), json!({"kind": "pretrained"}));
    let definition = Definition {
        kept: (0..encoder.num_hidden_layers).collect(),
        embeddings: EmbeddingsConfig::from_value(ours(config, "embeddings", embeddings)).map_err(anyhow::Error::msg)?,
        head: HeadConfig::from_value(ours(config, "head", head)).map_err(anyhow::Error::msg)?,
        positions: data.max_seq_length,
        encoder: encoder.clone(),
        classes,
        dropout: 0.0,
        encoder_dropout: 0.0,
        precision,
    };
    let model = definition.restored(weights, &engine.device)?.valid();
    Ok(Answers::Network { encoder: Box::new(encoder), model: Box::new(model) })
}

/// The encoder's configuration and the weights of a folder that predicts one label for each text.
fn network_files(folder: &Path, config: &Value) -> anyhow::Result<(Config, Checkpoint)> {
    check_problem(config)?;
    let encoder = Config::read(folder)?;
    let weights = Checkpoint::open(folder, encoder.family())?;
    Ok((encoder, weights))
}

/// Refuse a model folder that was copied from another run.
fn belongs_to(config: &Value, stamp: &Stamp, run: &RunDir) -> anyhow::Result<()> {
    let (id, epoch) = (config["fathom"]["run"].as_str(), config["fathom"]["epoch"].as_u64());
    ensure!(
        id.is_none_or(|id| id == stamp.run) && epoch.is_none_or(|epoch| epoch == stamp.best_epoch as u64),
        "`{}` holds run `{}`, epoch {}, but `train.json` says run `{}`, epoch {}; train the run again",
        run.model().display(),
        id.unwrap_or_default(),
        epoch.unwrap_or_default(),
        stamp.run,
        stamp.best_epoch
    );
    Ok(())
}

fn file_name(folder: &Path) -> String {
    folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Upper bound on classes; a larger number is an error or an attempt to exhaust memory.
const MOST_CLASSES: usize = 100_000;

/// Tasks of transformers whose classifier has the same name, but does not give one label for each text.
const OTHER_TASKS: [&str; 2] = ["ForTokenClassification", "ForMultipleChoice"];

/// Refuse models that do not predict exactly one label for each text.
fn check_problem(config: &Value) -> anyhow::Result<()> {
    let problem = config["problem_type"].as_str().unwrap_or("single_label_classification");
    ensure!(
        problem == "single_label_classification",
        "`config.json`: `problem_type` is `{problem}`, but only `single_label_classification`, one label per text, is \
         supported; if the model gives one label, remove the key"
    );
    let class = config["architectures"][0].as_str().unwrap_or_default();
    ensure!(
        !OTHER_TASKS.iter().any(|task| class.ends_with(task)),
        "`config.json`: `architectures` is `{class}`, which does not give one label for each text; fine-tune the model, \
         or name the right class"
    );
    Ok(())
}

/// The class names by index: `id2label`; otherwise `LABEL_0` and so on, as many as `num_labels` or the classifier's
/// `rows`, or two, as in transformers.
fn labels(config: &Value, rows: Option<usize>) -> Result<Vec<String>, String> {
    let Some(named) = config["id2label"].as_object() else {
        let count = ["num_labels", "_num_labels"].iter().find_map(|key| config.get(*key)?.as_u64());
        let count = count.map(|count| count as usize).or(rows).unwrap_or(2);
        return match count {
            2..=MOST_CLASSES => Ok((0..count).map(|index| format!("LABEL_{index}")).collect()),
            _ => Err(format!("has {count} classes, but only 2 to {MOST_CLASSES} are supported")),
        };
    };
    if named.len() < 2 {
        return Err("`id2label` names only one class: regression models are not supported".to_owned());
    }
    let name = |index: usize| match named.get(&index.to_string())? {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let names: Option<Vec<String>> = (0..named.len()).map(name).collect();
    names.ok_or_else(|| format!("`id2label` does not name the classes 0 to {}", named.len() - 1))
}

/// The field `name` that `train` wrote under `fathom`, or `otherwise`.
fn ours(config: &Value, name: &str, otherwise: Value) -> Value {
    config["fathom"].get(name).cloned().unwrap_or(otherwise)
}

/// Settings for a folder without any: read the first tokens of a text, up to the number of positions.
fn whole_texts(name: &str, encoder: Option<&Config>) -> Value {
    let positions = encoder.map(|encoder| encoder.max_position_embeddings);
    json!({"dataset": "jsonl", "tokenizer": name, "max_seq_length": positions})
}

fn precision(configuration: Option<&Configuration>, engine: &Engine) -> anyhow::Result<Precision> {
    let Some(Configuration { id, precision, .. }) = configuration else { return Ok(Precision::Fp32) };
    ensure!(
        *precision == Precision::Fp32 || engine.has_bf16(),
        "run `{id}` uses precision `bf16`, which needs LibTorch; use `--device cpu` or `cuda`"
    );
    Ok(*precision)
}

fn read(path: &Path) -> anyhow::Result<String> {
    records::regular(path).and_then(std::fs::read_to_string).with_context(|| format!("reading `{}`", path.display()))
}
