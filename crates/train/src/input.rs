//! Everything a run reads, checked against each other before the first step.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bert::{Config, Precision};
use classifier::Definition;
use classifier::device::Engine;
use records::Split;
use records::shards::{Example, Manifest, sha256_hex};
use serde_json::Value;
use study::{Configuration, Weights};

use crate::check;

/// The configurations in a file or on stdin: one JSON object after another, pretty or one a line.
pub(crate) fn configurations(from: &str) -> anyhow::Result<Vec<Configuration>> {
    let name = if from == "-" { "stdin" } else { from };
    let text = match from {
        "-" => std::io::read_to_string(std::io::stdin()).context("reading stdin")?,
        path => std::fs::read_to_string(path).with_context(|| format!("reading `{path}`"))?,
    };
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let parse = |value: Result<Value, serde_json::Error>| -> anyhow::Result<Configuration> {
        let value = value.with_context(|| format!("`{name}` is not JSON"))?;
        Configuration::from_json(&value.to_string()).with_context(|| format!("`{name}`"))
    };
    values.map(parse).collect()
}

/// One run trains one configuration.
pub(crate) fn the_only(configurations: Vec<Configuration>) -> anyhow::Result<Configuration> {
    let count = configurations.len();
    match <[Configuration; 1]>::try_from(configurations) {
        Ok([configuration]) => Ok(configuration),
        Err(_) => {
            bail!("expected exactly one configuration, found {count}; pick one with `jq -c 'select(.id==\"…\")'`")
        }
    }
}

/// Everything a run reads.
pub(crate) struct Input {
    pub(crate) configuration: Configuration,
    pub(crate) configuration_sha256: String,
    pub(crate) definition: Definition,
    pub(crate) engine: Engine,
    pub(crate) model_folder: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) shards_sha256: String,
    /// sha256 of the pretrained weights; empty if they are drawn.
    pub(crate) weights_sha256: String,
    pub(crate) train: Vec<Example>,
    pub(crate) validation: Vec<Example>,
    pub(crate) test: Vec<Example>,
}

impl Input {
    /// Read shards and model folder, and refuse what does not fit together.
    pub(crate) fn read(
        configuration: Configuration,
        shards: &Path,
        model: &Path,
        device: &str,
    ) -> anyhow::Result<Self> {
        let engine = Engine::open(device)?;
        let (manifest, shards_sha256) = Manifest::read(shards).context("run `prep` first")?;
        let encoder = Config::read(model).with_context(|| check::remedy(&configuration.encoder))?;
        let definition = check::definition(&configuration, &encoder, manifest.labels.len())?;
        fits(&manifest, &definition, model, &engine, &configuration)?;
        let examples = |split| manifest.examples(shards, split);
        let (train, validation, test) = (examples(Split::Train)?, examples(Split::Validation)?, examples(Split::Test)?);
        ensure!(!train.is_empty() && !test.is_empty(), "`{}` has no train or no test examples", shards.display());
        let configuration_sha256 = sha256_hex(configuration.to_json()?.as_bytes());
        let weights_sha256 = match configuration.weights {
            Weights::Pretrained => sha256_of_weights(model, &configuration.encoder)?,
            Weights::Random => String::new(),
        };
        Ok(Input {
            configuration,
            configuration_sha256,
            definition,
            engine,
            model_folder: model.to_owned(),
            manifest,
            shards_sha256,
            weights_sha256,
            train,
            validation,
            test,
        })
    }

    /// Everything about the engine that may change a last bit.
    pub(crate) fn engine_name(&self) -> String {
        let Engine { name, hardware, threads, .. } = &self.engine;
        format!("{name}, {hardware}, {threads} threads, LibTorch {}", fused::libtorch_version())
    }

    /// The split that chooses the epoch: validation, or test if nothing was held out.
    pub(crate) fn chooses(&self) -> Split {
        if self.validation.is_empty() { Split::Test } else { Split::Validation }
    }
}

fn fits(
    manifest: &Manifest,
    definition: &Definition,
    model: &Path,
    engine: &Engine,
    configuration: &Configuration,
) -> anyhow::Result<()> {
    let Config { vocab_size, max_position_embeddings: positions, .. } = definition.encoder;
    let asked = manifest.data.max_seq_length;
    ensure!(
        asked <= positions,
        "`max_seq_length` is {asked}, but `{}` has only {positions} positions",
        model.display()
    );
    ensure!(
        manifest.vocab_size <= vocab_size,
        "the shards' vocabulary has {} ids, but `{}` only {vocab_size}; run `prep` with its tokenizer",
        manifest.vocab_size,
        model.display()
    );
    let bf16_here = definition.precision == Precision::Fp32 || engine.has_bf16();
    ensure!(
        bf16_here,
        "configuration `{}`: precision `bf16` needs LibTorch; use `--device cpu` or `cuda`, or `fp32`",
        configuration.id
    );
    let tokenizer = model.join("tokenizer.json");
    let hash = sha256_of_file(&tokenizer, &configuration.encoder)?;
    ensure!(
        hash == manifest.tokenizer_sha256,
        "`{}` is not the tokenizer the shards were made with; run `prep` again, or give its model folder",
        tokenizer.display()
    );
    Ok(())
}

fn sha256_of_weights(model: &Path, encoder: &str) -> anyhow::Result<String> {
    let weights = model.join("model.safetensors");
    let only_a_pickle = !weights.exists() && model.join("pytorch_model.bin").exists();
    ensure!(
        !only_a_pickle,
        "`{}` has only `pytorch_model.bin`, which is code as much as data and is not read; save the model with \
         `safe_serialization=True`",
        model.display()
    );
    sha256_of_file(&weights, encoder)
}

fn sha256_of_file(path: &Path, encoder: &str) -> anyhow::Result<String> {
    let reading = || format!("reading `{}`", path.display());
    let hash = std::fs::File::open(path).and_then(|file| records::shards::sha256_of(BufReader::new(file)));
    hash.with_context(reading).with_context(|| check::remedy(encoder))
}
