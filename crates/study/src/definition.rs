//! The study file as written, and its expansion into one configuration per run.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use crate::configuration::is_id;
use crate::missing::others;
use crate::section::placed;
use crate::settings::Settings;
use crate::slip::slip;
use crate::{Configuration, Data, Error, Report, defaults};

/// A study definition (`pipelines/<study>.toml`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// The study's name; its results live in `out/<name>`.
    pub name: String,
    /// Every configuration is run once with each, unless its row names its own.
    #[serde(default = "defaults::seeds")]
    pub seeds: Vec<u64>,
    /// Which examples, and how they become tokens.
    #[serde(default)]
    pub data: Data,
    /// What the report is asked.
    #[serde(default)]
    pub report: Report,
    /// Settings of every row that does not have its own.
    #[serde(default)]
    pub defaults: Settings,
    /// The rows of the table.
    pub configuration: Vec<Settings>,
}

impl Study {
    /// Read and check a study file.
    ///
    /// # Errors
    /// The file is missing, is not TOML, has an unknown field, or asks for something out of range; the
    /// message names file and line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| match (path.to_owned(), source.kind()) {
            (path, ErrorKind::NotFound) => Error::Missing { others: others(&path), path },
            (path, _) => Error::Read { path, source },
        })?;
        Self::parse(path, &text)
    }

    /// Check the `text` of the study file at `path`.
    ///
    /// # Errors
    /// As [`Study::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let mut study: Study = toml::from_str(text).map_err(|e| slip(path, text, &e))?;
        study.share_one_model();
        let within = |e: Error| {
            let (place, message) = (path.display(), e.to_string());
            let said = placed(text, &message).map_or_else(|| format!(": {message}"), |placed| format!(", {placed}"));
            Error::value(format!("study `{place}`{said}"))
        };
        study.check().map_err(within)?;
        study.configurations().map_err(within)?;
        Ok(study)
    }

    /// One configuration per row and seed, rows in file order.
    ///
    /// # Errors
    /// A row has no encoder, or a value is out of range.
    pub fn configurations(&self) -> Result<Vec<Configuration>, Error> {
        let seeds = |row: &Settings| row.seeds.clone().unwrap_or_else(|| self.seeds.clone());
        let rows = self.configuration.iter().zip(1..);
        let runs = rows.flat_map(|(row, number)| seeds(row).into_iter().map(move |seed| (row, number, seed)));
        runs.map(|(row, number, seed)| row.resolve(number, &self.defaults, seed)).collect()
    }

    /// The name of the folder of shards. Texts of one's own are those of one study, so its name is part of it; other data
    /// sets are the same for every study.
    pub fn shards_name(&self) -> String {
        let name = self.data.shards_name();
        if self.data.dataset == defaults::dataset() { format!("{name}-study.{}", self.name) } else { name }
    }

    /// The tokenizer is the encoder's unless the file names another, and the encoder is the tokenizer's.
    fn share_one_model(&mut self) {
        let encoders = || self.configuration.iter().chain([&self.defaults]).filter_map(|row| row.encoder.as_ref());
        let first = encoders().next().filter(|first| encoders().all(|other| other == *first)).cloned();
        let Study { data, defaults, .. } = self;
        if let (true, Some(encoder)) = (data.tokenizer.is_empty(), first) {
            data.tokenizer = encoder;
        }
        if defaults.encoder.is_none() && !data.tokenizer.is_empty() {
            defaults.encoder = Some(data.tokenizer.clone());
        }
    }

    fn check(&self) -> Result<(), Error> {
        if !is_id(&self.name) {
            return Err(Error::value("`name` may hold letters, digits, `.`, `_` and `-` only"));
        }
        let none = |row: &Settings| row.seeds.as_ref().is_some_and(Vec::is_empty);
        if self.seeds.is_empty() || self.configuration.is_empty() || self.configuration.iter().any(none) {
            return Err(Error::value("`seeds` and `[[configuration]]` need at least one entry each"));
        }
        let Settings { id, seeds, published_accuracy, .. } = &self.defaults;
        if id.is_some() || seeds.is_some() || published_accuracy.is_some() {
            return Err(Error::value(
                "`id`, `seeds` and `published_accuracy` belong to a `[[configuration]]`, not to `[defaults]`",
            ));
        }
        if self.data.tokenizer.is_empty() {
            return Err(Error::value("no model is named: give `encoder` in `[defaults]`, or `tokenizer` in `[data]`"));
        }
        self.data.check()?;
        let mut seen = HashSet::new();
        let runs = self.configurations()?;
        let Some(twice) = runs.iter().find(|run| !seen.insert(run.id.clone())) else { return Ok(()) };
        let (id, seed) = (&twice.configuration, twice.seed);
        Err(Error::value(match self.configuration.iter().filter(|row| row.id.as_ref() == Some(id)).count() {
            1 => format!("configuration `{id}`: `seeds` has {seed} twice; remove one"),
            _ => format!("two rows have the id `{id}`; rename one"),
        }))
    }
}
