//! One row of the table as written, and where its missing settings come from.

use serde::Deserialize;

use crate::configuration::Freeze;
use crate::{Blocks, Component, Configuration, Error, Precision, Weights, defaults};

/// From the list of settings: the row, and how one row falls back on another.
macro_rules! settings {
    ($($field:ident: $type:ty),+ $(,)?) => {
        /// One row of the table, or `[defaults]` for all rows. A missing setting comes from `[defaults]`, or from `defaults.rs`.
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
            /// This row, with `defaults` for its missing settings.
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
    pub(crate) fn resolve(&self, given: &Settings, seed: u64) -> Result<Configuration, Error> {
        let id = self.id.clone().ok_or_else(|| Error::value("a `[[configuration]]` has no `id`"))?;
        let all = self.or(given);
        let encoder = all.encoder.ok_or_else(|| {
            Error::value(format!(
                "configuration `{id}` has no `encoder`: give it here, in `[defaults]`, or as `tokenizer`"
            ))
        })?;
        // A row of TF-IDF has no use for what `[defaults]` say of networks.
        let is_tf_idf = all.head.as_ref().is_some_and(defaults::is_tf_idf);
        let (blocks, optimizer) = match is_tf_idf {
            true => (self.blocks.clone(), self.optimizer.clone()),
            false => (all.blocks, all.optimizer),
        };
        let blocks = blocks.unwrap_or_else(|| defaults::blocks(all.head.as_ref()));
        let head = all.head.unwrap_or_else(|| defaults::head(&blocks));
        let embeddings = all.embeddings.unwrap_or_else(defaults::embeddings);
        let weights = all.weights.unwrap_or_default();
        let configuration = Configuration {
            id: format!("{id}-s{seed}"),
            configuration: id.clone(),
            seed,
            encoder,
            weights,
            precision: all.precision.unwrap_or_default(),
            epochs: all.epochs.unwrap_or_else(|| defaults::epochs(&head)),
            batch_size: all.batch_size.unwrap_or(defaults::BATCH_SIZE),
            gradient_accumulation_steps: all
                .gradient_accumulation_steps
                .unwrap_or_else(defaults::gradient_accumulation_steps),
            dropout: all.dropout.unwrap_or(defaults::DROPOUT),
            encoder_dropout: all.encoder_dropout.unwrap_or(0.0),
            optimizer: optimizer.unwrap_or_else(|| defaults::optimizer(&head, &embeddings, weights)),
            schedule: all.schedule.unwrap_or_else(defaults::schedule),
            gradient_clip_norm: all.gradient_clip_norm,
            freeze: all.freeze.unwrap_or_default(),
            published_accuracy: all.published_accuracy,
            embeddings,
            blocks,
            head,
        };
        configuration.check()?;
        Ok(configuration)
    }
}
