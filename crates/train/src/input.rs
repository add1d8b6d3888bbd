//! Everything a run reads, checked against each other before the first step.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use anyhow::{Context, bail, ensure};
use bert::{Config, Precision};
use classifier::Definition;
use classifier::device::Engine;
use records::Split;
use records::shards::{Example, Manifest, sha256_hex};
use serde::de::IgnoredAny;
use study::{Configuration, Weights};

use crate::check::{self, Asked};
use crate::prepared;

/// The configurations in a file or on stdin: one JSON object after another, pretty or one a line.
pub(crate) fn configurations(from: &str) -> anyhow::Result<Vec<Configuration>> {
    let name = if from == "-" { "stdin" } else { from };
    let text = match from {
        "-" => std::io::read_to_string(console::piped("a configuration of `plan`")?).context("reading stdin")?,
        path => std::fs::read_to_string(path).with_context(|| format!("reading `{path}`"))?,
    };
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>();
    let (mut configurations, mut start) = (Vec::new(), 0);
    while let Some(value) = values.next() {
        value.with_context(|| format!("`{name}` is not JSON"))?;
        let written = &text[start..values.byte_offset()]; // and not what a map would make of it: names may be there twice
        configurations.push(Configuration::from_json(written).with_context(|| format!("`{name}`"))?);
        start = values.byte_offset();
    }
    Ok(configurations)
}

/// One run trains one configuration.
pub(crate) fn the_only(configurations: Vec<Configuration>) -> anyhow::Result<Configuration> {
    let count = configurations.len();
    ensure!(count > 0, "there is no configuration: is the id one of `plan STUDY | jq -r .id`?");
    match <[Configuration; 1]>::try_from(configurations) {
        Ok([configuration]) => Ok(configuration),
        Err(_) => {
            bail!("expected exactly one configuration, found {count}; pick one with `jq -c 'select(.id==\"…\")'`")
        }
    }
}

/// What is to be learnt, and from which examples.
pub(crate) struct Work {
    pub(crate) configuration: Configuration,
    pub(crate) configuration_sha256: String,
    pub(crate) model_folder: PathBuf,
    /// The whole encoder.
    pub(crate) encoder: Config,
    pub(crate) manifest: Manifest,
    pub(crate) shards_sha256: String,
    /// sha256 of the pretrained weights; empty if they are not read.
    pub(crate) weights_sha256: String,
    /// sha256 of the encoder's shape (heads, widths, epsilon), which the weights do not tell; empty if there is no network.
    pub(crate) encoder_sha256: String,
    pub(crate) train: Vec<Example>,
    pub(crate) validation: Vec<Example>,
    pub(crate) test: Vec<Example>,
}

/// Everything the training of a network reads.
pub(crate) struct Input {
    pub(crate) work: Work,
    pub(crate) definition: Definition,
    pub(crate) engine: Engine,
    /// Tokens that go through the model at once, about: a batch of more does so in parts.
    pub(crate) tokens_at_once: AtomicUsize,
    /// Whether every step is computed anew, even where the device could replay it.
    pub(crate) eager: bool,
}

/// Shards, model folder and device as the command line names them.
pub(crate) struct Places<'a> {
    pub(crate) shards: &'a Path,
    pub(crate) model: &'a Path,
    pub(crate) device: &'a str,
}

impl Work {
    /// Read shards and model folder, and refuse what does not fit together; what the configuration asks for.
    pub(crate) fn read(configuration: Configuration, places: &Places<'_>) -> anyhow::Result<(Self, Asked)> {
        let (shards, model) = (places.shards, places.model);
        let (manifest, shards_sha256) = Manifest::read(shards).context("run `prep` first")?;
        let encoder = Config::read(model).with_context(|| check::remedy(&configuration.encoder))?;
        let asked = check::asked(&configuration, &encoder, manifest.labels.len(), manifest.data.max_seq_length)?;
        tokenizer_fits(&manifest, &encoder, model, &configuration.encoder)?;
        let examples = |split| manifest.examples(shards, split);
        let (train, validation, test) = (examples(Split::Train)?, examples(Split::Validation)?, examples(Split::Test)?);
        ensure!(
            !train.is_empty() && !test.is_empty(),
            "`{}` has no train or no test examples; give `prep` some with `\"split\":\"train\"` and `\"test\"`",
            shards.display()
        );
        let mut ids: Vec<&str> =
            [&train, &validation, &test].into_iter().flatten().map(|example| &*example.id).collect();
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned());
        ensure!(
            twice.is_none(),
            "`{}`: `{}` is there twice; run `prep` again",
            shards.display(),
            twice.unwrap_or_default()
        );
        let reads_weights = matches!(&asked, Asked::Network(definition) if definition.reads_weights());
        let weights_sha256 = match configuration.weights {
            Weights::Pretrained if reads_weights => sha256_of_weights(model, &configuration.encoder)?,
            _ => String::new(),
        };
        let encoder_sha256 = match &asked {
            Asked::Network(_) => sha256_of_shape(&encoder)?,
            Asked::Terms(_) => String::new(),
        };
        let work = Work {
            configuration_sha256: sha256_hex(configuration.to_json()?.as_bytes()),
            configuration,
            model_folder: model.to_owned(),
            encoder,
            manifest,
            shards_sha256,
            weights_sha256,
            encoder_sha256,
            train,
            validation,
            test,
        };
        Ok((work, asked))
    }

    /// The split that chooses the epoch: validation, or test if nothing was held out.
    pub(crate) fn chooses(&self) -> Split {
        if self.validation.is_empty() { Split::Test } else { Split::Validation }
    }
}

impl Input {
    /// The network of `definition` on the device that is asked for.
    pub(crate) fn new(work: Work, definition: Definition, device: &str) -> anyhow::Result<Self> {
        let engine = Engine::open(device)?;
        let (asked, positions) = (work.manifest.data.max_seq_length, definition.encoder.max_position_embeddings);
        ensure!(
            asked <= positions || !definition.reads_weights(),
            "`max_seq_length` is {asked}, but `{}` has only {positions} positions",
            work.model_folder.display()
        );
        let bf16_here = definition.precision == Precision::Fp32 || engine.has_bf16();
        ensure!(
            bf16_here,
            "configuration `{}`: precision `bf16` needs LibTorch; use `--device cpu` or `cuda`, or `fp32`",
            work.configuration.id
        );
        let tokens_at_once = AtomicUsize::new(prepared::tokens_at_once(&definition, &engine));
        Ok(Input { work, definition, engine, tokens_at_once, eager: false })
    }

    /// Everything about the engine that may change a last bit.
    pub(crate) fn engine_name(&self) -> String {
        let Engine { name, hardware, threads, .. } = &self.engine;
        format!("{name}, {hardware}, {threads} threads, LibTorch {}", fused::libtorch_version())
    }
}

fn tokenizer_fits(manifest: &Manifest, encoder: &Config, model: &Path, name: &str) -> anyhow::Result<()> {
    ensure!(
        manifest.vocab_size <= encoder.vocab_size,
        "the shards' vocabulary has {} ids, but `{}` only {}; run `prep` with its tokenizer",
        manifest.vocab_size,
        model.display(),
        encoder.vocab_size
    );
    let tokenizer = model.join("tokenizer.json");
    ensure!(
        sha256_of_file(&tokenizer, name)? == manifest.tokenizer_sha256,
        "`{}` is not the tokenizer the shards were made with; run `prep` again, or give its model folder",
        tokenizer.display()
    );
    Ok(())
}

/// Without what else stands in `config.json`: who wrote it, and when, changes no number.
fn sha256_of_shape(encoder: &Config) -> anyhow::Result<String> {
    let shape = Config { other: serde_json::Map::default(), ..encoder.clone() };
    Ok(sha256_hex(serde_json::to_string(&shape)?.as_bytes()))
}

fn sha256_of_weights(model: &Path, encoder: &str) -> anyhow::Result<String> {
    check::weights(model, encoder)?;
    sha256_of_file(&model.join("model.safetensors"), encoder)
}

fn sha256_of_file(path: &Path, encoder: &str) -> anyhow::Result<String> {
    let reading = || format!("reading `{}`", path.display());
    let hash = records::regular(path)
        .and_then(std::fs::File::open)
        .and_then(|file| records::shards::sha256_of(BufReader::new(file)));
    hash.with_context(reading).with_context(|| check::remedy(encoder))
}
