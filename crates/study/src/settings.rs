//! One row of the table as written, and where its missing settings come from.

use serde::Deserialize;

use crate::configuration::Freeze;
use crate::{Blocks, ClassWeights, Component, Configuration, Error, ModelKind, Precision, Weights, defaults};

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
            /// A model without a network: `tf-idf`, which earlier versions took as a `head`.
            pub model: Option<Component>,
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
    class_weights: ClassWeights,
}

impl Settings {
    /// The run of this row, whose `number` counts from 1, with `seed`.
    pub(crate) fn resolve(&self, number: usize, given: &Settings, seed: u64) -> Result<Configuration, Error> {
        let id = self.id.clone().ok_or_else(|| {
            Error::value(format!("row {number} of `configuration` has no `id`; add one, such as `id = \"2VA\"`"))
        })?;
        let within = |e: Error| Error::value(format!("configuration `{id}`: {e}"));
        let all = self.with_model().and_then(|row| Ok(row.or(&given.with_model()?))).map_err(within)?;
        let encoder = all.encoder.ok_or_else(|| {
            Error::value(format!(
                "configuration `{id}` has no `encoder`: give it here, in `[defaults]`, or as `tokenizer`"
            ))
        })?;
        // A row of TF-IDF has no use for what `[defaults]` say of networks.
        let kind = all.head.as_ref().map_or(ModelKind::Network, |head| ModelKind::named(&head.kind));
        let (blocks, optimizer) = match kind {
            ModelKind::Network => (all.blocks, all.optimizer),
            ModelKind::TfIdf => (self.blocks.clone(), self.optimizer.clone()),
        };
        let blocks = blocks.unwrap_or_else(|| defaults::blocks(kind));
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
            epochs: all.epochs.unwrap_or_else(|| defaults::epochs(kind)),
            batch_size: all.batch_size.unwrap_or(defaults::BATCH_SIZE),
            gradient_accumulation_steps: all
                .gradient_accumulation_steps
                .unwrap_or_else(defaults::gradient_accumulation_steps),
            dropout: all.dropout.unwrap_or(defaults::DROPOUT),
            encoder_dropout: all.encoder_dropout.unwrap_or(0.0),
            optimizer: optimizer.unwrap_or_else(|| defaults::optimizer(kind, &embeddings, weights)),
            schedule: all.schedule.unwrap_or_else(defaults::schedule),
            gradient_clip_norm: all.gradient_clip_norm,
            freeze: all.freeze.unwrap_or_default(),
            class_weights: all.class_weights,
            published_accuracy: all.published_accuracy,
            embeddings,
            blocks,
            head,
        };
        configuration.check()?;
        Ok(configuration)
    }

    /// These settings with `model` under `head`, as a configuration stores it, so that earlier runs keep their identity.
    fn with_model(&self) -> Result<Settings, Error> {
        match (&self.model, &self.head) {
            (None, _) => Ok(self.clone()),
            (Some(model), _) if ModelKind::named(&model.kind) == ModelKind::Network => Err(Error::value(format!(
                "unknown model `{}`; `model` can be `{}`, and a row without it is a network",
                model.kind,
                ModelKind::TF_IDF
            ))),
            (Some(_), Some(_)) => Err(Error::value("TF-IDF has no head: remove `head` or `model`")),
            (Some(model), None) => Ok(Settings { head: Some(model.clone()), ..self.clone() }),
        }
    }
}
