//! Checks of a configuration before any data is read or time is spent.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use bert::{Config, Precision};
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use study::{Configuration, ModelKind, Weights, with_nearest};

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

/// Check every configuration against the encoder in `folder`.
pub(crate) fn all(configurations: &[Configuration], folder: &Path) -> anyhow::Result<()> {
    let encoder = Config::read(folder).with_context(|| remedy("NAME"))?;
    ensure!(
        !configurations.is_empty(),
        "no configuration to check; pipe some in with `plan STUDY | train --check --config - …`"
    );
    for configuration in configurations {
        let computable = configuration.precision != Precision::Bf16 || cfg!(feature = "libtorch");
        ensure!(
            computable,
            "configuration `{}`: precision `bf16` needs LibTorch; build with `make … BACKEND=libtorch`, or use `fp32`",
            configuration.id
        );
        let reads_weights = match model(configuration, &encoder, 2, 512)? {
            Checked::Network(definition) => definition.reads_weights(),
            Checked::TfIdf(_) => false,
        };
        if reads_weights && configuration.weights == Weights::Pretrained {
            weights(folder, &configuration.encoder)?;
        }
    }
    Ok(())
}

/// Check that the weights in `model` exist and are complete.
pub(crate) fn weights(model: &Path, encoder: &str) -> anyhow::Result<()> {
    let family = Config::read(model)?.family();
    bert::Checkpoint::open(model, family).map(drop).with_context(|| remedy(encoder))
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
    Recipe::new(configuration, definition.kept.len())?;
    Ok(definition)
}

fn slip(message: String) -> anyhow::Error {
    anyhow!(with_nearest(message))
}

/// The remedy for an incomplete model folder.
pub(crate) fn remedy(encoder: &str) -> String {
    format!(
        "the model folder is incomplete (run `fetch model {encoder} --out DIR`, or name a copy with `MODELS_DIR=DIR`)"
    )
}
