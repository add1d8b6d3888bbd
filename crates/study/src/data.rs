//! `[data]` of a study file: which examples, and how they become tokens.

use std::collections::BTreeSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::configuration::is_id;
use crate::{Error, defaults};

/// Each data set that `prep` makes up, and the sha256 of its reviews; a test of `prep` compares them.
pub const EMBEDDED: &[(&str, &str)] = &[("sample", "98db8b7013dd399d0f5195e2d8f8f42eba3b172b64adb9f1dd42dec4a8d45603")];

/// Which examples, and how they become tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// `imdb`, `sample`, or `jsonl`: texts of one's own, as JSON, CSV, TSV or Parquet.
    #[serde(default = "defaults::dataset")]
    pub dataset: String,
    /// Name of the model folder whose tokenizer is used; a study file may leave it out, and then it is the encoder.
    #[serde(default)]
    pub tokenizer: String,
    /// Tokens at most, with `[CLS]` and `[SEP]`.
    #[serde(default = "defaults::max_seq_length")]
    pub max_seq_length: usize,
    /// Which tokens are kept when there are more.
    #[serde(default)]
    pub truncation: Truncation,
    /// With `head+tail`: the share of the budget that goes to the first tokens.
    #[serde(default = "defaults::head_share")]
    pub head_share: f64,
    /// What is removed from a text before it is tokenized; by default nothing.
    #[serde(default)]
    pub cleaning: BTreeSet<Cleaning>,
    /// What happens to texts that occur more than once.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// The column of the texts in a source of one's own; without it, the column with a usual name, such as `text`.
    #[serde(default, deserialize_with = "one_column", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The column of the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The column of the ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The column of the splits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Share of train held out for testing where a source of one's own has no test split.
    #[serde(default = "defaults::test", skip_serializing_if = "is_default_test")]
    pub test: f64,
    /// Share of train held out to choose the epoch; 0 chooses it on test, as the source did.
    #[serde(default = "defaults::validation")]
    pub validation: f64,
    /// Use only so many train examples (validation included), evenly from all classes.
    #[serde(default)]
    pub train_examples: Option<usize>,
    /// Use only so many test examples, evenly from all classes.
    #[serde(default)]
    pub test_examples: Option<usize>,
}

/// Every setting at its default, without a tokenizer.
impl Default for Data {
    fn default() -> Self {
        Data {
            dataset: defaults::dataset(),
            tokenizer: String::new(),
            max_seq_length: defaults::max_seq_length(),
            truncation: Truncation::default(),
            head_share: defaults::head_share(),
            cleaning: BTreeSet::new(),
            duplicates: Duplicates::default(),
            text: None,
            label: None,
            id: None,
            split: None,
            test: defaults::test(),
            validation: defaults::validation(),
            train_examples: None,
            test_examples: None,
        }
    }
}

/// A list would be a pair of sentences, which a model tells apart by token types; every text here has type 0.
fn one_column<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::String(name) => Ok(Some(name)),
        Value::Array(_) => {
            Err(D::Error::custom("`text` names one column; pairs of sentences are not supported, so join the columns"))
        }
        other => Err(D::Error::custom(format!("`text` is {other}; write the name of a column"))),
    }
}

/// A folder of shards from before there was `test` keeps its manifest.
fn is_default_test(share: &f64) -> bool {
    *share == defaults::test()
}

/// `name` as letters, digits and `_`; every other byte becomes `+` and two hexadecimal digits.
fn plain(name: &str) -> String {
    let plain = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        _ => format!("+{byte:02x}"),
    };
    name.bytes().map(plain).collect()
}

/// Which tokens are kept when a review is longer than the limit.
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
    HeadAndTail,
}

/// A step of cleaning. The order is the one below, whatever the file's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cleaning {
    /// Remove everything but letters, digits, `_` and white space.
    Punctuation,
    /// Make letters lower case.
    Case,
    /// Remove English words that say little, such as `the`; the list is in lower case.
    StopWords,
    /// Cut the endings of English words: `films` and `filmed` become `film`.
    Stem,
}

/// What happens to texts that occur more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// Keep all of them.
    #[default]
    Keep,
    /// Keep one copy of each text: the one in test if there is one, otherwise the first in train.
    #[serde(rename = "leave-out")]
    Remove,
}

impl Truncation {
    /// Its name in study files.
    pub fn name(self) -> &'static str {
        match self {
            Truncation::HeadOnly => "head-only",
            Truncation::TailOnly => "tail-only",
            Truncation::HeadAndTail => "head+tail",
        }
    }
}

impl Cleaning {
    fn name(self) -> &'static str {
        match self {
            Cleaning::Punctuation => "punctuation",
            Cleaning::Case => "case",
            Cleaning::StopWords => "stop-words",
            Cleaning::Stem => "stem",
        }
    }
}

impl Data {
    /// The name of the shards, without that of the study: every setting that changes the shards changes the name.
    pub fn shards_name(&self) -> String {
        let Data { dataset, tokenizer, max_seq_length, truncation, .. } = self;
        let mut name = format!("{dataset}-{tokenizer}-{max_seq_length}-{}", truncation.name());
        let mut note = |differs: bool, text: String| {
            if differs {
                name += &text
            }
        };
        let cleaning: Vec<&str> = self.cleaning.iter().map(|step| step.name()).collect();
        note(self.head_share != defaults::head_share(), format!("-head{}", self.head_share));
        note(!cleaning.is_empty(), format!("-cleaning-{}", cleaning.join("+")));
        note(self.duplicates == Duplicates::Remove, "-without-duplicates".to_owned());
        for (role, column) in [("text", &self.text), ("label", &self.label), ("id", &self.id), ("split", &self.split)] {
            note(column.is_some(), format!("-{role}.{}", plain(column.as_deref().unwrap_or_default())));
        }
        note(!is_default_test(&self.test), format!("-heldout{}", self.test));
        note(self.validation != defaults::validation(), format!("-validation{}", self.validation));
        note(self.train_examples.is_some(), format!("-train{}", self.train_examples.unwrap_or(0)));
        note(self.test_examples.is_some(), format!("-test{}", self.test_examples.unwrap_or(0)));
        name
    }

    /// Check every value.
    ///
    /// # Errors
    /// The first that is out of range; the message names the field and what is allowed.
    pub fn check(&self) -> Result<(), Error> {
        let require =
            |holds: bool, what: &str| if holds { Ok(()) } else { Err(Error::value(format!("[data]: {what}"))) };
        require(
            is_id(&self.dataset) && is_id(&self.tokenizer),
            "`dataset` and `tokenizer` must be plain names, not paths",
        )?;
        require(
            (defaults::least("max_seq_length")..=100_000).contains(&self.max_seq_length),
            "`max_seq_length` must be from 3, for `[CLS]`, a token, `[SEP]`, to 100000",
        )?;
        for (name, share, most) in
            [("validation", self.validation, 0.5), ("test", self.test, 0.5), ("head_share", self.head_share, 1.0)]
        {
            let what = format!("`{name}` must be from 0 to {most}, a share such as 0.2, not {share}");
            require((0.0..=most).contains(&share), &what)?;
        }
        Ok(())
    }
}
