//! One resolved run; its id; `config.json`.

use serde::{Deserialize, Serialize};

use crate::{Blocks, ClassWeights, Component, Error, ModelKind, Precision, defaults};

/// The largest number of epochs, or of examples in a batch; a larger one is a typing error.
const MOST: usize = 1_000_000;

/// How many epochs at the start leave parts of the encoder unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Freeze {
    /// Epochs without a change to the embedding layer.
    pub embeddings: usize,
    /// Epochs without a change to the kept blocks.
    pub blocks: usize,
}

/// Where the encoder's weights come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// `model.safetensors` of the model folder.
    #[default]
    Pretrained,
    /// Drawn from the seed with the encoder's `initializer_range`; nothing is pretrained.
    Random,
}

/// One run with every setting: what `config.json` holds and what `train` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The run's name: the configuration's id, `-s`, the seed. Letters, digits, `.`, `_`, `-` only.
    pub id: String,
    /// The id in the study file, shared by the seeds.
    pub configuration: String,
    /// Seeds the head, dropout and the order of examples.
    pub seed: u64,
    /// Name of the model folder.
    pub encoder: String,
    /// Where its weights come from.
    pub weights: Weights,
    /// What turns token ids into vectors: the encoder's pretrained layer, or a new table.
    #[serde(default = "defaults::embeddings")]
    pub embeddings: Component,
    /// Which of its blocks are kept.
    pub blocks: Blocks,
    /// The classification head; for TF-IDF, the model itself.
    pub head: Component,
    /// Number format of the matrix products.
    pub precision: Precision,
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples per batch.
    pub batch_size: usize,
    /// Batches whose gradients make one optimizer step, as if they were one large batch.
    #[serde(default = "defaults::gradient_accumulation_steps")]
    pub gradient_accumulation_steps: usize,
    /// Share of the head's input set to zero while training.
    pub dropout: f64,
    /// Dropout inside the encoder while training: hidden states and attention weights. The source trained
    /// with 0, BERT was pretrained with 0.1.
    #[serde(default)]
    pub encoder_dropout: f64,
    /// The optimizer and its rates.
    pub optimizer: Component,
    /// How the rates change from step to step.
    #[serde(default = "defaults::schedule")]
    pub schedule: Component,
    /// The global norm that gradients are clipped to; absent: no clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_clip_norm: Option<f64>,
    /// Which parts stay unchanged in the first epochs.
    #[serde(default)]
    pub freeze: Freeze,
    /// How much the examples of each class weigh in the loss; absent: all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// The accuracy a publication gives for this configuration, as a fraction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_accuracy: Option<f64>,
}

impl Configuration {
    /// The bytes of `config.json`: pretty JSON with a final newline.
    ///
    /// # Errors
    /// None in practice: JSON can hold every field.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Read `config.json`, or one line of `plan`'s output.
    ///
    /// # Errors
    /// Not JSON, an unknown or missing field, or a value out of range.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let configuration: Self =
            serde_json::from_str(text).map_err(|e| Error::value(format!("configuration: {e}")))?;
        configuration.check()?;
        Ok(configuration)
    }

    /// The kind of model that is trained.
    pub fn model_kind(&self) -> ModelKind {
        ModelKind::named(&self.head.kind)
    }

    /// Check every value.
    ///
    /// # Errors
    /// The first that is out of range; the message names the field and what is allowed.
    pub fn check(&self) -> Result<(), Error> {
        let require = |holds: bool, what: &str| match holds {
            true => Ok(()),
            false => Err(Error::value(format!("configuration `{}`: {what}", self.id))),
        };
        require(is_id(&self.id), "`id` may hold letters, digits, `.`, `_` and `-` only")?;
        require(is_id(&self.configuration), "`configuration` may hold letters, digits, `.`, `_` and `-` only")?;
        require(
            is_id(&self.encoder),
            &format!("encoder `{}` is not a plain name: letters, digits, `.`, `_` and `-` only, no path", self.encoder),
        )?;
        for component in [&self.embeddings, &self.head, &self.optimizer, &self.schedule] {
            require(is_id(&component.kind), "a `kind` must be a plain name")?;
        }
        require(self.blocks.to_string().len() <= 1000, "`blocks` is too long (at most 1000 characters)")?;
        for (name, count) in [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("gradient_accumulation_steps", self.gradient_accumulation_steps),
        ] {
            let least = defaults::least(name);
            require((least..=MOST).contains(&count), &format!("`{name}` must be at least {least} and at most {MOST}"))?;
        }
        require((0.0..1.0).contains(&self.dropout), "`dropout` must be at least 0 and below 1")?;
        require((0.0..1.0).contains(&self.encoder_dropout), "`encoder_dropout` must be at least 0 and below 1")?;
        let norm = self.gradient_clip_norm.unwrap_or(1.0);
        require(norm > 0.0 && norm.is_finite(), "`gradient_clip_norm` must be above 0")?;
        let possible = self.class_weights.as_ref().is_none_or(ClassWeights::are_possible);
        require(possible, "`class_weights` must be from 0.000001 to 1000000")?;
        let published = self.published_accuracy.unwrap_or(0.5);
        require((0.0..=1.0).contains(&published), "`published_accuracy` is a fraction, 0 to 1")
    }
}

/// Whether `id` is a plain word: it becomes part of commands, tables and folder names, which also limit its length.
pub fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=200).contains(&id.len()) && id.chars().all(plain) && !id.starts_with(['.', '-'])
}
