//! One row of the table as written, and how it takes from the defaults what it does not say.

use serde::Deserialize;

use crate::configuration::{Freeze, constant, pretrained};
use crate::{Blocks, Component, Configuration, Error, Precision, Weights};

/// From the list of settings: the row, and how one row falls back on another.
macro_rules! settings {
    ($($field:ident: $type:ty),+ $(,)?) => {
        /// One row of the table, or the defaults for all rows; what is absent comes from the defaults.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            /// The configuration's name; not in the defaults.
            pub id: Option<String>,
            /// The seeds of this row, where they are not the study's; not in the defaults.
            pub seeds: Option<Vec<u64>>,
            /// See [`Configuration::published_accuracy`]; not in the defaults.
            pub published_accuracy: Option<f64>,
            $(#[doc = concat!("See [`Configuration::", stringify!($field), "`].")] pub $field: Option<$type>,)+
        }

        impl Settings {
            /// What this row says, and `defaults` where it says nothing.
            fn or(&self, defaults: &Settings) -> Settings {
                let (mine, theirs) = (self.clone(), defaults.clone());
                Settings { $($field: mine.$field.or(theirs.$field),)+ ..mine }
            }
        }
    };
}

settings! {
    encoder: String,
    weights: Weights,
    embeddings: Component,
    blocks: Blocks,
    head: Component,
    precision: Precision,
    epochs: usize,
    batch_size: usize,
    gradient_accumulation_steps: usize,
    dropout: f64,
    encoder_dropout: f64,
    optimizer: Component,
    schedule: Component,
    gradient_clip_norm: f64,
    freeze: Freeze,
}

impl Settings {
    /// The run of this row with `seed`.
    pub(crate) fn resolve(&self, defaults: &Settings, seed: u64) -> Result<Configuration, Error> {
        let id = self.id.clone().ok_or_else(|| Error::value("a `[[configuration]]` has no `id`"))?;
        let all = self.or(defaults);
        let lacks =
            |field: &str| Error::value(format!("configuration `{id}` has no `{field}`, and neither have `[defaults]`"));
        let configuration = Configuration {
            id: format!("{id}-s{seed}"),
            configuration: id.clone(),
            seed,
            encoder: all.encoder.ok_or_else(|| lacks("encoder"))?,
            weights: all.weights.unwrap_or_default(),
            embeddings: all.embeddings.unwrap_or_else(pretrained),
            blocks: all.blocks.ok_or_else(|| lacks("blocks"))?,
            head: all.head.ok_or_else(|| lacks("head"))?,
            precision: all.precision.unwrap_or_default(),
            epochs: all.epochs.ok_or_else(|| lacks("epochs"))?,
            batch_size: all.batch_size.ok_or_else(|| lacks("batch_size"))?,
            gradient_accumulation_steps: all.gradient_accumulation_steps.unwrap_or(1),
            dropout: all.dropout.ok_or_else(|| lacks("dropout"))?,
            encoder_dropout: all.encoder_dropout.unwrap_or(0.0),
            optimizer: all.optimizer.ok_or_else(|| lacks("optimizer"))?,
            schedule: all.schedule.unwrap_or_else(constant),
            gradient_clip_norm: all.gradient_clip_norm,
            freeze: all.freeze.unwrap_or_default(),
            published_accuracy: all.published_accuracy,
        };
        configuration.check()?;
        Ok(configuration)
    }
}
