//! Checks of a configuration before any data is read or time is spent.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use bert::{Config, Precision};
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use study::{Configuration, EMBEDDED_MODEL, ModelKind, Weights, with_nearest};

use crate::optimizer::Recipe;
use crate::terms;

/// The model of a configuration, its settings checked.
#[derive(Debug)]
pub(crate) enum Checked {
    /// A network, trained step by step.
    Network(Box<Definition>),
    /// TF-IDF and logistic regression, fitted exactly.
    TfIdf(terms::Recipe),
}

/// Check every configuration against the encoder in `folder`, and `max_seq_length` if it is known.
pub(crate) fn all(
    configurations: &[Configuration],
    folder: &Path,
    max_seq_length: Option<usize>,
) -> anyhow::Result<()> {
    let first = configurations
        .first()
        .context("no configuration to check; pipe some in with `plan STUDY | train --check --config - …`")?;
    let encoder = encoder(folder, &first.encoder)?;
    let positions = max_seq_length.unwrap_or(encoder.max_position_embeddings.min(512));
    for configuration in configurations {
        let computable = configuration.precision != Precision::Bf16 || cfg!(feature = "libtorch");
        ensure!(
            computable,
            "configuration `{}`: precision `bf16` needs LibTorch; build with `make … BACKEND=libtorch`, or use `fp32`",
            configuration.id
        );
        let reads_weights = match model(configuration, &encoder, 2, positions)? {
            Checked::Network(definition) => definition.reads_weights(),
            Checked::TfIdf(_) => false,
        };
        if reads_weights && configuration.weights == Weights::Pretrained {
            weights(folder, &configuration.encoder)?;
        }
    }
    Ok(())
}

/// The encoder called `name`, which `folder` holds.
pub(crate) fn encoder(folder: &Path, name: &str) -> anyhow::Result<Config> {
    let (inner, is_model) = (folder.join(name), |folder: &Path| folder.join("config.json").exists());
    ensure!(
        is_model(folder) || !is_model(&inner),
        "`{}` is not a model's folder; name one in it, such as `{}`",
        folder.display(),
        inner.display()
    );
    Config::read(folder).map_err(|error| with_remedy(error, folder, &fetch(folder, name)))
}

/// Check that the weights in `folder` exist and are complete.
pub(crate) fn weights(folder: &Path, name: &str) -> anyhow::Result<()> {
    let remedy = match name {
        EMBEDDED_MODEL => format!("`{name}` has no pretrained weights: set `weights = \"random\"` in the study file"),
        _ => fetch(folder, name),
    };
    let family = encoder(folder, name)?.family();
    bert::Checkpoint::open(folder, family).map(drop).map_err(|error| with_remedy(error, folder, &remedy))
}

/// `error`, and the remedy if it is that a file or the whole folder is missing.
fn with_remedy(error: bert::Error, folder: &Path, remedy: &str) -> anyhow::Error {
    match error {
        _ if !folder.is_dir() => anyhow!("there is no model folder `{}`; {remedy}", folder.display()),
        bert::Error::Io(error) => anyhow!("{error}; {remedy}"),
        damaged => damaged.into(),
    }
}

fn fetch(folder: &Path, name: &str) -> String {
    let models = folder.parent().filter(|_| folder.ends_with(name)).unwrap_or(Path::new("DIR"));
    format!(
        "get the model with `fetch model {name} --out {}`, or name a copy with `make … MODELS_DIR=DIR`",
        models.display()
    )
}

/// The model of `configuration` for `classes` and texts of at most `positions` tokens, once all its names and blocks
/// are known to exist.
pub(crate) fn model(
    configuration: &Configuration,
    encoder: &Config,
    classes: usize,
    positions: usize,
) -> anyhow::Result<Checked> {
    let model = match configuration.model_kind() {
        ModelKind::TfIdf => terms::Recipe::new(configuration).map(Checked::TfIdf),
        ModelKind::Network => {
            network(configuration, encoder, classes, positions).map(|definition| Checked::Network(Box::new(definition)))
        }
    };
    model.with_context(|| format!("configuration `{}`", configuration.id))
}

fn network(
    configuration: &Configuration,
    encoder: &Config,
    classes: usize,
    positions: usize,
) -> anyhow::Result<Definition> {
    let definition = Definition {
        encoder: encoder.clone(),
        embeddings: EmbeddingsConfig::from_value(configuration.embeddings.to_value()).map_err(slip)?,
        kept: configuration.blocks.indices(encoder.num_hidden_layers)?,
        head: HeadConfig::from_value(configuration.head.to_value()).map_err(slip)?,
        positions,
        classes,
        dropout: configuration.dropout,
        encoder_dropout: configuration.encoder_dropout,
        precision: configuration.precision,
    };
    definition.check().map_err(anyhow::Error::msg)?;
    let most = encoder.max_position_embeddings;
    ensure!(
        positions <= most || !definition.reads_weights(),
        "`max_seq_length` is {positions}, but encoder `{}` has only {most} positions; lower it in the study file",
        configuration.encoder
    );
    Recipe::new(configuration, definition.kept.len())?;
    Ok(definition)
}

fn slip(message: String) -> anyhow::Error {
    anyhow!(with_nearest(message))
}
