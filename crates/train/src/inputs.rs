//! Everything a run reads, checked against each other before the first step.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use anyhow::{Context, anyhow, bail, ensure};
use bert::{Config, Precision};
use classifier::Definition;
use classifier::device::Engine;
use records::Split;
use records::hash::sha256_hex;
use records::shards::{Example, Manifest};
use serde::de::IgnoredAny;
use study::{Configuration, Study, Weights};
use tokens::TokenizerFiles;

use crate::check::{self, Checked};
use crate::prepared;

/// The configurations in a file or on stdin: one JSON object after the other, pretty-printed or one a line.
pub(crate) fn configurations(from: &str) -> anyhow::Result<Vec<Configuration>> {
    let name = if from == "-" { "stdin" } else { from };
    let text = match from {
        "-" => std::io::read_to_string(console::piped("a configuration of `plan`")?).context("reading stdin")?,
        path => std::fs::read_to_string(path).map_err(|e| anyhow!("reading `{path}`: {e}; {NAME_ONE}"))?,
    };
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>();
    let (mut configurations, mut start) = (Vec::new(), 0);
    while let Some(value) = values.next() {
        value
            .with_context(|| if is_study(from, &text) { study_given(from) } else { format!("`{name}` is not JSON") })?;
        let written = &text[start..values.byte_offset()]; // not a parsed map, which would drop repeated names
        configurations.push(Configuration::from_json(written).with_context(|| format!("`{name}`"))?);
        start = values.byte_offset();
    }
    Ok(configurations)
}

/// Where a configuration comes from.
const NAME_ONE: &str =
    "name the configuration of a run, such as `out/sample/runs/2VA-s1/config.json`, or `-` for one from `plan`";

fn is_study(from: &str, text: &str) -> bool {
    from.ends_with(".toml") || Study::parse(Path::new(from), text).is_ok()
}

fn study_given(from: &str) -> String {
    let (name, study) = if from == "-" { ("stdin", "STUDY") } else { (from, from) };
    format!(
        "`{name}` is a study file, not a configuration; `plan` makes one for each run: `plan {study} | train --config - …`"
    )
}

/// The only configuration: a run trains exactly one.
pub(crate) fn the_only(configurations: Vec<Configuration>) -> anyhow::Result<Configuration> {
    let count = configurations.len();
    ensure!(count > 0, "no configuration given; `plan STUDY | jq -r .id` lists the ids to choose from");
    match <[Configuration; 1]>::try_from(configurations) {
        Ok([configuration]) => Ok(configuration),
        Err(_) => {
            bail!("expected exactly one configuration, found {count}; pick one with `jq -c 'select(.id==\"…\")'`")
        }
    }
}

/// The task of a run: its configuration and its examples.
pub(crate) struct RunInputs {
    pub(crate) configuration: Configuration,
    pub(crate) configuration_sha256: String,
    pub(crate) model_folder: PathBuf,
    /// The configuration of the whole encoder.
    pub(crate) encoder: Config,
    pub(crate) manifest: Manifest,
    pub(crate) shards_sha256: String,
    /// sha256 of the pretrained weights; empty if they are not read.
    pub(crate) weights_sha256: String,
    /// sha256 of the encoder's shape (heads, widths, epsilon), which the weights lack; empty for TF-IDF.
    pub(crate) encoder_sha256: String,
    /// `[C]`, unless all classes weigh the same.
    pub(crate) class_weights: Option<Vec<f64>>,
    pub(crate) train: Vec<Example>,
    pub(crate) validation: Vec<Example>,
    pub(crate) test: Vec<Example>,
}

/// The task and the device of a network.
pub(crate) struct TrainingSetup {
    pub(crate) inputs: RunInputs,
    pub(crate) definition: Definition,
    pub(crate) engine: Engine,
    /// Approximate upper bound on the tokens in one pass; larger batches are split.
    pub(crate) tokens_at_once: AtomicUsize,
}

/// Shards, model folder and device on the command line.
pub(crate) struct Paths<'a> {
    pub(crate) shards: &'a Path,
    pub(crate) model: &'a Path,
    pub(crate) device: &'a str,
    pub(crate) threads: console::Threads,
}

impl RunInputs {
    /// Read shards and model folder, check that they fit together, and return the model that the configuration names.
    pub(crate) fn read(configuration: Configuration, paths: &Paths<'_>) -> anyhow::Result<(Self, Checked)> {
        let (shards, model) = (paths.shards, paths.model);
        let (manifest, shards_sha256) = Manifest::read(shards)?;
        let encoder = check::encoder(model, &configuration.encoder)?;
        let checked = check::model(&configuration, &encoder, manifest.labels.len(), manifest.data.max_seq_length)?;
        tokenizer_fits(&manifest, &encoder, model, &configuration.encoder)?;
        let examples = |split| manifest.examples(shards, split);
        let (train, validation, test) = (examples(Split::Train)?, examples(Split::Validation)?, examples(Split::Test)?);
        for (split, examples) in [(Split::Train, &train), (Split::Test, &test)] {
            ensure!(
                !examples.is_empty(),
                "`{}` has no {split} examples; run `prep` on texts that have some with `\"split\":\"{split}\"`",
                shards.display()
            );
        }
        let mut ids: Vec<&str> =
            [&train, &validation, &test].into_iter().flatten().map(|example| &*example.id).collect();
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned());
        ensure!(
            twice.is_none(),
            "`{}`: the id `{}` occurs twice; run `prep` again",
            shards.display(),
            twice.unwrap_or_default()
        );
        let reads_weights = matches!(&checked, Checked::Network(definition) if definition.reads_weights());
        let weights_sha256 = match configuration.weights {
            Weights::Pretrained if reads_weights => sha256_of_weights(model, &configuration.encoder)?,
            _ => String::new(),
        };
        let encoder_sha256 = match &checked {
            Checked::Network(_) => sha256_of_shape(&encoder)?,
            Checked::TfIdf(_) => String::new(),
        };
        let inputs = RunInputs {
            class_weights: class_weights(&configuration, &manifest.labels, &train)?,
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
        Ok((inputs, checked))
    }

    /// The split that chooses the epoch: validation, or test if no examples were held out.
    pub(crate) fn chooses(&self) -> Split {
        if self.validation.is_empty() { Split::Test } else { Split::Validation }
    }

    /// Log the smallest and the largest class weight.
    pub(crate) fn log_class_weights(&self) {
        let of_classes = self.class_weights.iter().flatten().zip(&self.manifest.labels);
        let (least, most) =
            (of_classes.clone().min_by(|a, b| a.0.total_cmp(b.0)), of_classes.max_by(|a, b| a.0.total_cmp(b.0)));
        if let (Some((low, frequent)), Some((high, rare))) = (least, most) {
            let id = &self.configuration.id;
            log::info!("{id}: class weights from {low:.3} (`{frequent}`) to {high:.3} (`{rare}`)");
        }
    }

    /// Mean tokens of a training batch, padding not counted.
    fn tokens_per_batch(&self) -> usize {
        let tokens: usize = self.train.iter().map(|example| example.input_ids.len()).sum();
        tokens * self.configuration.batch_size / self.train.len().max(1)
    }
}

impl TrainingSetup {
    /// The setup for the network of `definition` on the requested device.
    pub(crate) fn new(inputs: RunInputs, definition: Definition, paths: &Paths<'_>) -> anyhow::Result<Self> {
        let engine = Engine::open(paths.device)?;
        let one_thread = !paths.threads.is_given() && prepared::is_tiny(&definition, inputs.tokens_per_batch());
        let engine = if one_thread { engine.on_one_thread() } else { engine };
        let bf16_here = definition.precision == Precision::Fp32 || engine.has_bf16();
        ensure!(
            bf16_here,
            "configuration `{}`: precision `bf16` needs LibTorch; use `--device cpu` or `cuda`, or `fp32`",
            inputs.configuration.id
        );
        let tokens_at_once = AtomicUsize::new(prepared::tokens_at_once(&definition, &engine));
        Ok(TrainingSetup { inputs, definition, engine, tokens_at_once })
    }

    /// Everything about the engine that can change a last bit.
    pub(crate) fn engine_name(&self) -> String {
        let Engine { name, hardware, threads, .. } = &self.engine;
        format!("{name}, {hardware}, {threads} threads, LibTorch {}", fused::libtorch_version())
    }
}

/// `[C]` weights of the classes called `labels`; `None` if the configuration gives none.
pub(crate) fn class_weights(
    configuration: &Configuration,
    labels: &[String],
    train: &[Example],
) -> anyhow::Result<Option<Vec<f64>>> {
    let mut counts = vec![0; labels.len()];
    train.iter().for_each(|example| counts[example.label] += 1);
    let weights = configuration.class_weights.as_ref().map(|weights| weights.by_class(labels, &counts));
    weights.transpose().with_context(|| format!("configuration `{}`", configuration.id))
}

fn tokenizer_fits(manifest: &Manifest, encoder: &Config, model: &Path, name: &str) -> anyhow::Result<()> {
    ensure!(
        manifest.vocab_size <= encoder.vocab_size,
        "the shards' vocabulary has {} ids, but `{}` has only {}; run `prep` with that model's tokenizer",
        manifest.vocab_size,
        model.display(),
        encoder.vocab_size
    );
    let tokenizer = TokenizerFiles::read(model, name)?;
    ensure!(
        tokenizer.sha256() == manifest.tokenizer_sha256,
        "`{}` is not the tokenizer the shards were made with; run `prep` again, or name the model folder it used",
        tokenizer.path.display()
    );
    Ok(())
}

/// Without the other keys of `config.json`, such as its author and date, which change no number.
fn sha256_of_shape(encoder: &Config) -> anyhow::Result<String> {
    let shape = Config { other: serde_json::Map::default(), ..encoder.clone() };
    Ok(sha256_hex(serde_json::to_string(&shape)?.as_bytes()))
}

fn sha256_of_weights(model: &Path, encoder: &str) -> anyhow::Result<String> {
    check::weights(model, encoder)?;
    let sums = bert::weight_files(model)?.iter().map(|file| sha256_of_file(file)).collect::<Result<Vec<_>, _>>()?;
    match <[String; 1]>::try_from(sums) {
        Ok([one]) => Ok(one),
        Err(several) => Ok(sha256_hex(several.concat().as_bytes())),
    }
}

fn sha256_of_file(path: &Path) -> anyhow::Result<String> {
    let hash = records::regular(path)
        .and_then(std::fs::File::open)
        .and_then(|file| records::hash::sha256_of(BufReader::new(file)));
    hash.with_context(|| format!("reading `{}`", path.display()))
}
