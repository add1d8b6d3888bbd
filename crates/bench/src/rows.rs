//! The rows to measure: `rows.toml` and `gpu-rows.toml`.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use study::{Study, with_nearest};
use toml::{Table, Value};

/// A file of rows; `data` and `defaults` are those of a study file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    data: Table,
    defaults: Table,
    #[serde(rename = "row")]
    pub(crate) rows: Vec<Row>,
}

/// One comparison.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// Description for a reader.
    pub(crate) work: String,
    pub(crate) kind: Kind,
    /// Name of the model folder; its tokenizer is used, too.
    pub(crate) encoder: String,
    /// Number of examples to train on, to score, or to tokenize.
    pub(crate) examples: usize,
    /// Upper bound on the rounds.
    pub(crate) rounds: Option<usize>,
    /// Whether a bare matrix product is measured before each round.
    #[serde(default = "yes")]
    pub(crate) ceiling: bool,
    /// Settings of the configuration beside the defaults.
    settings: Table,
    /// Mode and flags of `peer.py`; empty if the row has no peer.
    #[serde(default)]
    pub(crate) peer: Vec<String>,
    /// In the place of a peer: ours, without these kernels (a value of `FATHOM_KERNELS`).
    pub(crate) without: Option<String>,
    #[serde(default)]
    pub(crate) needed: Needed,
    /// An earlier row to compare with.
    pub(crate) beside: Option<String>,
}

fn yes() -> bool {
    true
}

/// The tool that does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Train,
    Evaluate,
    Prep,
}

/// The bounds that a row aims at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Needed {
    /// Our examples per second over the peer's, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
    /// Our peak memory over the peer's, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<f64>,
    /// Useful operations per second over those of a bare matrix product, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<f64>,
}

/// Training examples of an evaluation's model; only its speed matters, so a few are enough.
const TRAINED_FOR_EVALUATION: usize = 32;

impl Rows {
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).context("the rows")
    }

    /// The rows with these `ids`, in file order; all rows if `ids` is empty.
    pub(crate) fn selected(mut self, ids: &[String]) -> anyhow::Result<Self> {
        let known: Vec<&str> = self.rows.iter().map(|row| row.id.as_str()).collect();
        if let Some(unknown) = ids.iter().find(|id| !known.contains(&id.as_str())) {
            bail!(with_nearest(format!("unknown row `{unknown}`, expected one of `{}`", known.join("`, `"))));
        }
        self.rows.retain(|row| ids.is_empty() || ids.contains(&row.id));
        Ok(self)
    }

    /// The study file of `row` on `examples`.
    pub(crate) fn definition(&self, row: &Row, examples: usize) -> anyhow::Result<String> {
        let (mut data, mut defaults, mut settings) = (self.data.clone(), self.defaults.clone(), row.settings.clone());
        data.insert("tokenizer".to_owned(), Value::from(row.encoder.as_str()));
        defaults.insert("encoder".to_owned(), Value::from(row.encoder.as_str()));
        settings.insert("id".to_owned(), Value::from(row.id.as_str()));
        let mut only = |split: &str, count: usize| data.insert(split.to_owned(), Value::from(count as i64));
        match row.kind {
            Kind::Train => drop(only("train_examples", examples)),
            Kind::Evaluate => {
                only("train_examples", TRAINED_FOR_EVALUATION);
                only("test_examples", examples);
            }
            Kind::Prep => drop(data.remove("test_examples")),
        }
        let mut study = Table::new();
        study.insert("name".to_owned(), Value::from("bench"));
        study.insert("seeds".to_owned(), Value::from(vec![42]));
        study.insert("data".to_owned(), Value::from(data));
        study.insert("defaults".to_owned(), Value::from(defaults));
        study.insert("configuration".to_owned(), Value::from(vec![settings]));
        Ok(toml::to_string(&study)?)
    }
}

/// The only configuration of a study of one row.
pub(crate) fn configuration(study: &Study) -> anyhow::Result<study::Configuration> {
    study.configurations()?.pop().context("a row is one configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 2] = [include_str!("../rows.toml"), include_str!("../gpu-rows.toml")];

    #[test]
    fn every_row_is_a_valid_study() {
        for rows in FILES.map(|text| Rows::read(text).unwrap()) {
            for row in &rows.rows {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("row.toml");
                records::publish::bytes(&path, rows.definition(row, 64).unwrap().as_bytes()).unwrap();
                let study = Study::read(&path).unwrap();
                assert_eq!(configuration(&study).unwrap().configuration, row.id);
                let (train, test) = (study.data.train_examples, study.data.test_examples);
                let expected = match row.kind {
                    Kind::Train => (Some(64), Some(2)),
                    Kind::Evaluate => (Some(32), Some(64)),
                    Kind::Prep => (None, None),
                };
                assert_eq!((train, test), expected, "{}", row.id);
            }
        }
    }

    #[test]
    fn ids_are_unique_and_a_row_is_compared_with_an_earlier_one() {
        for rows in FILES.map(|text| Rows::read(text).unwrap().rows) {
            for (index, row) in rows.iter().enumerate() {
                let earlier: Vec<&str> = rows[..index].iter().map(|row| row.id.as_str()).collect();
                assert!(!earlier.contains(&row.id.as_str()), "{} twice", row.id);
                assert!(row.beside.iter().all(|beside| earlier.contains(&beside.as_str())), "{}", row.id);
                assert!(row.needed.ratio.is_none() || !row.peer.is_empty(), "{}", row.id);
            }
        }
    }

    #[test]
    fn rows_are_selected_by_name_and_a_misspelled_name_is_refused() {
        let rows = || Rows::read(FILES[0]).unwrap();
        let chosen = rows().selected(&["prep".to_owned(), "minilm-3-bf16".to_owned()]).unwrap().rows;
        assert_eq!(chosen.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["minilm-3-bf16", "prep"]);
        let message = rows().selected(&["perp".to_owned()]).unwrap_err().to_string();
        assert!(message.starts_with("unknown row `perp`, expected one of `minilm-6-bf16`"), "{message}");
    }
}
