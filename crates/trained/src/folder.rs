//! A published model folder, back in memory.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use bert::{Checkpoint, Config, Precision};
use burn::module::Module;
use classifier::device::Engine;
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use records::run_dir::RunDir;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use study::{Configuration, Data};
use tokens::TextTokenizer;

use crate::answers::Answers;

/// A trained model and what must be known to ask it.
pub struct Trained {
    /// The run's id, or the folder's name.
    pub name: String,
    /// The epoch the model comes from; 0 if nobody knows.
    pub epoch: usize,
    /// What it was trained on, if it is one of our runs.
    pub shards_sha256: Option<String>,
    /// The Hugging Face folder.
    pub folder: PathBuf,
    /// How texts become tokens.
    pub data: Data,
    /// Class names by index.
    pub labels: Vec<String>,
    /// What it answers with.
    pub answers: Answers,
    /// Of the saved model, so with the kept blocks; nothing where it is no network.
    pub encoder: Option<Config>,
    /// V
    pub vocab_size: usize,
    /// P at most.
    pub positions: usize,
}

/// The part of `train.json` that is needed here.
#[derive(Deserialize)]
struct Stamp {
    run: String,
    best_epoch: usize,
    shards_sha256: String,
}

impl Trained {
    /// The chosen epoch of the finished run in `folder`.
    pub fn from_run(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        let run = RunDir::new(folder);
        let stamp = read(&run.stamp()).context("the run is not finished; train it first")?;
        let stamp: Stamp = serde_json::from_str(&stamp).with_context(|| format!("`{}`", run.stamp().display()))?;
        let configuration = Configuration::from_json(&read(&run.config())?)?;
        is_of(&stamp, &run)?;
        let model = Self::load(&run.model(), Some(&configuration), engine)?;
        Ok(Trained { name: stamp.run, epoch: stamp.best_epoch, shards_sha256: Some(stamp.shards_sha256), ..model })
    }

    /// Any Hugging Face folder of a `BertForSequenceClassification`, or the model folder of a run.
    pub fn from_model(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        Self::load(folder, None, engine)
    }

    /// The tokenizer that the model reads with, which must fit it.
    ///
    /// # Errors
    /// There is none, it has more tokens than the model, or texts are to be longer than the model can read.
    pub fn tokenizer(&self) -> anyhow::Result<TextTokenizer> {
        let (vocab_size, positions, folder) = (self.vocab_size, self.positions, self.folder.display());
        ensure!(
            (3..=positions).contains(&self.data.max_seq_length),
            "`{folder}`: max_seq_length {} must be from 3 to the model's {positions} positions",
            self.data.max_seq_length
        );
        let tokenizer = TextTokenizer::load(&self.folder, &self.data)?;
        ensure!(
            tokenizer.vocab_size <= vocab_size,
            "`{folder}`: the tokenizer has {} tokens, the model {vocab_size}; give the tokenizer it was trained with",
            tokenizer.vocab_size
        );
        Ok(tokenizer)
    }

    /// The model folder of `configuration`, or of nobody knows what, which is computed in fp32.
    fn load(folder: &Path, configuration: Option<&Configuration>, engine: &Engine) -> anyhow::Result<Self> {
        let config = folder.join("config.json");
        let text = read(&config).context("the model folder must be whole")?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("`{}`", config.display()))?;
        let trained = match value["model_type"].as_str() {
            Some("tf-idf") => Self::load_terms(folder, &value),
            _ => {
                Self::load_network(folder, configuration.map_or(Ok(Precision::Fp32), |c| precision(c, engine))?, engine)
            }
        };
        trained.with_context(|| format!("`{}`", folder.display()))
    }

    fn load_terms(folder: &Path, config: &Value) -> anyhow::Result<Self> {
        let data: Data =
            serde_json::from_value(config["fathom"]["data"].clone()).context("config.json: `fathom.data`")?;
        data.check()?;
        let none = Map::new();
        let labels = labels(config.as_object().unwrap_or(&none), None).map_err(anyhow::Error::msg)?;
        Ok(Trained {
            name: file_name(folder),
            epoch: 0,
            shards_sha256: None,
            folder: folder.to_owned(),
            data,
            labels,
            answers: Answers::terms(folder)?,
            encoder: None,
            vocab_size: usize::MAX,
            positions: usize::MAX,
        })
    }

    fn load_network(folder: &Path, precision: Precision, engine: &Engine) -> anyhow::Result<Self> {
        let encoder = Config::read(folder)?;
        let weights = Checkpoint::open(folder, encoder.family())?;
        let is_ours = encoder.other.contains_key("fathom");
        check_problem(&encoder.other, is_ours)?;
        let rows = weights.shape("classifier.weight").and_then(|shape| shape.first().copied());
        let labels = labels(&encoder.other, rows).map_err(anyhow::Error::msg)?;
        let name = file_name(folder);
        let data = of_ours(&encoder, "data").unwrap_or_else(|| whole_texts(&name, &encoder));
        let data: Data = serde_json::from_value(data).context("config.json: `fathom.data`")?;
        data.check()?;
        let (vocab_size, positions) = (encoder.vocab_size, encoder.max_position_embeddings);
        let definition = definition(encoder.clone(), &data, labels.len(), precision).map_err(anyhow::Error::msg)?;
        let model = definition.restored(weights, &engine.device)?.valid();
        let (epoch, shards_sha256, folder) = (0, None, folder.to_owned());
        let answers = Answers::Network(Box::new(model));
        let encoder = Some(encoder);
        Ok(Trained { name, epoch, shards_sha256, folder, data, labels, answers, encoder, vocab_size, positions })
    }
}

/// A model folder that was copied from another run would answer for this one.
fn is_of(stamp: &Stamp, run: &RunDir) -> anyhow::Result<()> {
    let path = run.model().join("config.json");
    let config: Value = serde_json::from_str(&read(&path)?).with_context(|| format!("`{}`", path.display()))?;
    let (id, epoch) = (config["fathom"]["run"].as_str(), config["fathom"]["epoch"].as_u64());
    ensure!(
        id.is_none_or(|id| id == stamp.run) && epoch.is_none_or(|epoch| epoch == stamp.best_epoch as u64),
        "`{}` is of run `{}`, epoch {}, but `train.json` is of `{}`, epoch {}; train the run again",
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

/// Only one label for each text is predicted; what `train` wrote is such a model, whatever an old run's file says.
fn check_problem(config: &Map<String, Value>, is_ours: bool) -> anyhow::Result<()> {
    let problem = config.get("problem_type").and_then(Value::as_str).unwrap_or("single_label_classification");
    ensure!(
        is_ours || problem == "single_label_classification",
        "`problem_type` is `{problem}`, but only one label for each text, `single_label_classification`, is predicted here"
    );
    Ok(())
}

/// The class names by index: `id2label`; without it `LABEL_0` and so on, as many as `num_labels` says or the classifier
/// has `rows`, otherwise two, as in transformers.
fn labels(config: &Map<String, Value>, rows: Option<usize>) -> Result<Vec<String>, String> {
    let Some(named) = config.get("id2label").and_then(Value::as_object) else {
        let count = ["num_labels", "_num_labels"].iter().find_map(|key| config.get(*key)?.as_u64());
        let count = count.map(|count| count as usize).or(rows).unwrap_or(2);
        return match count {
            2..=MOST_CLASSES => Ok((0..count).map(|index| format!("LABEL_{index}")).collect()),
            _ => Err(format!("has {count} classes; 2 to {MOST_CLASSES} can be predicted")),
        };
    };
    if named.len() < 2 {
        return Err("names only one class in `id2label`: a regression, which is not predicted here".to_owned());
    }
    let name = |index: usize| match named.get(&index.to_string())? {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let names: Option<Vec<String>> = (0..named.len()).map(name).collect();
    names.ok_or_else(|| format!("`id2label` does not name the classes 0 to {}", named.len() - 1))
}

/// A file that says more is wrong or made to fill memory.
const MOST_CLASSES: usize = 100_000;

fn definition(encoder: Config, data: &Data, classes: usize, precision: Precision) -> Result<Definition, String> {
    let head = of_ours(&encoder, "head").unwrap_or(json!({"kind": "cls-linear"}));
    let embeddings = of_ours(&encoder, "embeddings").unwrap_or(json!({"kind": "pretrained"}));
    Ok(Definition {
        kept: (0..encoder.num_hidden_layers).collect(),
        embeddings: EmbeddingsConfig::from_value(embeddings)?,
        head: HeadConfig::from_value(head)?,
        positions: data.max_seq_length,
        encoder,
        classes,
        dropout: 0.0,
        encoder_dropout: 0.0,
        precision,
    })
}

/// What `train` wrote under `fathom`.
fn of_ours(config: &Config, name: &str) -> Option<Value> {
    config.other.get("fathom")?.get(name).cloned()
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
    records::regular(path).and_then(std::fs::read_to_string).with_context(|| format!("reading `{}`", path.display()))
}
