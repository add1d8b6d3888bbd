//! Checks of a configuration before any data is read or time is spent.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use bert::{Config, Precision};
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use study::{Component, Configuration, Weights, with_nearest};

use crate::optimizer::Recipe;
use crate::terms;

/// The kind of model in a configuration.
#[derive(Debug)]
pub(crate) enum ModelKind {
    /// A network, trained step by step.
    Network(Box<Definition>),
    /// TF-IDF and logistic regression, fitted exactly.
    Terms(terms::Recipe),
}

/// Check every configuration against the encoder in `model`.
pub(crate) fn all(configurations: &[Configuration], model: &Path) -> anyhow::Result<()> {
    let encoder = Config::read(model).with_context(|| remedy("NAME"))?;
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
        let reads_weights = match model_kind(configuration, &encoder, 2, 512)? {
            ModelKind::Network(definition) => definition.reads_weights(),
            ModelKind::Terms(_) => false,
        };
        if reads_weights && configuration.weights == Weights::Pretrained {
            weights(model, &configuration.encoder)?;
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
pub(crate) fn model_kind(
    configuration: &Configuration,
    encoder: &Config,
    classes: usize,
    positions: usize,
) -> anyhow::Result<ModelKind> {
    let kind = match configuration.head.kind == tfidf::KIND {
        true => terms::Recipe::new(configuration).map(ModelKind::Terms),
        false => network(configuration, encoder, classes, positions)
            .map(|definition| ModelKind::Network(Box::new(definition))),
    };
    kind.with_context(|| format!("configuration `{}`", configuration.id))
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
        head: head(&configuration.head)?,
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

/// The crate `classifier` knows the heads of networks only; TF-IDF is added here.
fn head(component: &Component) -> anyhow::Result<HeadConfig> {
    HeadConfig::from_value(component.to_value()).map_err(|message| {
        let unknown = message.starts_with("unknown head");
        slip(if unknown { format!("{message}, `{}`", tfidf::KIND) } else { message })
    })
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
