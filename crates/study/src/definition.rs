//! The study file as written, and its expansion into one configuration per run.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::configuration::is_id;
use crate::{Blocks, Component, Configuration, Error, Precision, Weights, nearest};

/// A study definition (`pipelines/<study>.toml`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// The study's name; its results live in `out/<name>`.
    pub name: String,
    /// Every configuration is run once with each.
    pub seeds: Vec<u64>,
    /// Which examples, and how they become tokens.
    pub data: Data,
    /// What a configuration does not say itself.
    #[serde(default)]
    pub defaults: Settings,
    /// The rows of the table.
    pub configuration: Vec<Settings>,
}

/// Which examples, and how they become tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// `imdb`, `sample` or `jsonl`.
    pub dataset: String,
    /// Name of the model folder whose tokenizer is used.
    pub tokenizer: String,
    /// Tokens at most, with `[CLS]` and `[SEP]`.
    pub max_seq_length: usize,
    /// Which tokens stay when there are more.
    #[serde(default)]
    pub truncation: Truncation,
    /// With `head+tail`: the share of the budget that goes to the first tokens.
    #[serde(default = "half")]
    pub head_share: f64,
    /// Share of train held out to choose the epoch; 0 chooses it on test, as the source did.
    #[serde(default = "tenth")]
    pub validation: f64,
    /// Use only so many train examples (validation included), evenly from all classes.
    #[serde(default)]
    pub train_examples: Option<usize>,
    /// Use only so many test examples, evenly from all classes.
    #[serde(default)]
    pub test_examples: Option<usize>,
}

fn half() -> f64 {
    0.5
}

fn tenth() -> f64 {
    0.1
}

/// Which tokens stay when a review is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truncation {
    /// The first ones.
    #[default]
    HeadOnly,
    /// The last ones.
    TailOnly,
    /// Some of the first and some of the last, in order.
    #[serde(rename = "head+tail")]
    HeadTail,
}

impl Truncation {
    fn name(self) -> &'static str {
        match self {
            Truncation::HeadOnly => "head-only",
            Truncation::TailOnly => "tail-only",
            Truncation::HeadTail => "head+tail",
        }
    }
}

/// One row of the table, or the defaults for all rows; what is absent comes from the defaults.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The configuration's name; not in the defaults.
    pub id: Option<String>,
    /// See [`Configuration::encoder`].
    pub encoder: Option<String>,
    /// See [`Configuration::weights`].
    pub weights: Option<Weights>,
    /// See [`Configuration::blocks`].
    pub blocks: Option<Blocks>,
    /// See [`Configuration::head`].
    pub head: Option<Component>,
    /// See [`Configuration::precision`].
    pub precision: Option<Precision>,
    /// See [`Configuration::epochs`].
    pub epochs: Option<usize>,
    /// See [`Configuration::batch_size`].
    pub batch_size: Option<usize>,
    /// See [`Configuration::dropout`].
    pub dropout: Option<f64>,
    /// See [`Configuration::optimizer`].
    pub optimizer: Option<Component>,
    /// See [`Configuration::published_accuracy`].
    pub published_accuracy: Option<f64>,
}

impl Study {
    /// Read and check a study file.
    ///
    /// # Errors
    /// The file is missing, is not TOML, has an unknown field, or asks for something out of range; the
    /// message names file and line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let study: Study = toml::from_str(&text).map_err(|e| syntax(path, &text, &e))?;
        let within = |e: Error| Error::value(format!("study `{}`: {e}", path.display()));
        study.check().map_err(within)?;
        study.configurations().map_err(within)?;
        Ok(study)
    }

    /// One configuration per row and seed, rows in file order.
    ///
    /// # Errors
    /// A row lacks a setting that the defaults lack too, or a value is out of range.
    pub fn configurations(&self) -> Result<Vec<Configuration>, Error> {
        let rows = self.configuration.iter();
        rows.flat_map(|row| self.seeds.iter().map(|&seed| row.resolve(&self.defaults, seed))).collect()
    }

    fn check(&self) -> Result<(), Error> {
        if !is_id(&self.name) {
            return Err(Error::value("`name` may hold letters, digits, `.`, `_` and `-` only"));
        }
        if self.seeds.is_empty() || self.configuration.is_empty() {
            return Err(Error::value("`seeds` and `[[configuration]]` need at least one entry each"));
        }
        if self.defaults.id.is_some() || self.defaults.published_accuracy.is_some() {
            return Err(Error::value(
                "`id` and `published_accuracy` belong to a `[[configuration]]`, not to `[defaults]`",
            ));
        }
        self.data.check()?;
        let mut seen = HashSet::new();
        let runs = self.configurations()?;
        match runs.iter().find(|run| !seen.insert(run.id.clone())) {
            Some(twice) => {
                Err(Error::value(format!("two configurations give the run `{}`: ids and seeds must differ", twice.id)))
            }
            None => Ok(()),
        }
    }
}

impl Data {
    /// The name of the folder of shards: everything that changes the shards changes the name.
    pub fn shards_name(&self) -> String {
        let Data { dataset, tokenizer, max_seq_length, truncation, .. } = self;
        let mut name = format!("{dataset}-{tokenizer}-{max_seq_length}-{}", truncation.name());
        let mut note = |differs: bool, text: String| {
            if differs {
                name += &text
            }
        };
        note(self.head_share != half(), format!("-head{}", self.head_share));
        note(self.validation != tenth(), format!("-validation{}", self.validation));
        note(self.train_examples.is_some(), format!("-train{}", self.train_examples.unwrap_or(0)));
        note(self.test_examples.is_some(), format!("-test{}", self.test_examples.unwrap_or(0)));
        name
    }

    fn check(&self) -> Result<(), Error> {
        let require =
            |holds: bool, what: &str| if holds { Ok(()) } else { Err(Error::value(format!("[data]: {what}"))) };
        require(is_id(&self.dataset) && is_id(&self.tokenizer), "`dataset` and `tokenizer` are plain names, no paths")?;
        require(
            (3..=100_000).contains(&self.max_seq_length),
            "`max_seq_length` must be at least 3: `[CLS]`, a token, `[SEP]`",
        )?;
        require((0.0..=0.5).contains(&self.validation), "`validation` must be from 0 to 0.5")?;
        require((0.0..=1.0).contains(&self.head_share), "`head_share` must be from 0 to 1")
    }
}

impl Settings {
    fn resolve(&self, defaults: &Settings, seed: u64) -> Result<Configuration, Error> {
        let id = self.id.clone().ok_or_else(|| Error::value("a `[[configuration]]` has no `id`"))?;
        let (mine, theirs) = (self.clone(), defaults.clone());
        let lacks =
            |field: &str| Error::value(format!("configuration `{id}` has no `{field}`, and neither have `[defaults]`"));
        let configuration = Configuration {
            id: format!("{id}-s{seed}"),
            configuration: id.clone(),
            seed,
            encoder: mine.encoder.or(theirs.encoder).ok_or_else(|| lacks("encoder"))?,
            weights: mine.weights.or(theirs.weights).unwrap_or_default(),
            blocks: mine.blocks.or(theirs.blocks).ok_or_else(|| lacks("blocks"))?,
            head: mine.head.or(theirs.head).ok_or_else(|| lacks("head"))?,
            precision: mine.precision.or(theirs.precision).unwrap_or_default(),
            epochs: mine.epochs.or(theirs.epochs).ok_or_else(|| lacks("epochs"))?,
            batch_size: mine.batch_size.or(theirs.batch_size).ok_or_else(|| lacks("batch_size"))?,
            dropout: mine.dropout.or(theirs.dropout).ok_or_else(|| lacks("dropout"))?,
            optimizer: mine.optimizer.or(theirs.optimizer).ok_or_else(|| lacks("optimizer"))?,
            published_accuracy: mine.published_accuracy,
        };
        configuration.check()?;
        Ok(configuration)
    }
}

/// One line out of toml's picture: the line number, the sentence, and the near name if there is one.
fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let offset = error.span().map_or(0, |span| span.start);
    let line = text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
    let mut message = error.message().replace('\n', " ");
    let mut names = message.split('`').skip(1).step_by(2);
    let meant = names.next().and_then(|unknown| nearest(unknown, names));
    if let (true, Some(meant)) = (message.starts_with("unknown"), meant) {
        message = format!("{message}; did you mean `{meant}`?");
    }
    Error::Syntax { path: path.to_owned(), line, message }
}
