//! What can be said of a configuration before any data is read or any time is spent.

use std::path::Path;

use anyhow::Context;
use bert::{Config, Precision};
use classifier::{Definition, HeadConfig};
use study::Configuration;

use crate::optimizer;

/// Check every configuration against the encoder in `model`.
pub(crate) fn all(configurations: &[Configuration], model: &Path) -> anyhow::Result<()> {
    let encoder = Config::read(model).with_context(|| remedy("NAME"))?;
    for configuration in configurations {
        definition(configuration, &encoder, 2)?;
    }
    Ok(())
}

/// The model that `configuration` asks for; every name in it is known and every block is there.
pub(crate) fn definition(
    configuration: &Configuration,
    encoder: &Config,
    classes: usize,
) -> anyhow::Result<Definition> {
    let named = || format!("configuration `{}`", configuration.id);
    optimizer::Recipe::new(&configuration.optimizer).with_context(named)?;
    let head = HeadConfig::from_value(configuration.head.to_value()).map_err(anyhow::Error::msg).with_context(named)?;
    Ok(Definition {
        encoder: encoder.clone(),
        kept: configuration.blocks.indices(encoder.num_hidden_layers).with_context(named)?,
        head,
        classes,
        dropout: configuration.dropout,
        precision: match configuration.precision {
            study::Precision::Fp32 => Precision::Fp32,
            study::Precision::Bf16 => Precision::Bf16,
        },
    })
}

/// What to do about a model folder that is not whole.
pub(crate) fn remedy(encoder: &str) -> String {
    format!("the model folder must be whole (`fetch model {encoder} --out DIR`, or name a copy with `MODELS_DIR=DIR`)")
}
