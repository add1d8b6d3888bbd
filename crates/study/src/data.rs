//! `[data]` of a study file: which examples, and how they become tokens.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::configuration::is_id;

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
    /// What is taken out of a text before it is tokenized; nothing, as in the source's study.
    #[serde(default)]
    pub cleaning: BTreeSet<Cleaning>,
    /// Whether a text may stand in more than one place.
    #[serde(default)]
    pub duplicates: Copies,
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

/// A step of cleaning. Steps are taken in the order in which they stand here, however a file orders them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cleaning {
    /// All but letters, digits, `_` and white space goes.
    Punctuation,
    /// Letters become lower case.
    Case,
    /// English words that say little, such as `the`, go; they stand in the list in lower case.
    StopWords,
    /// English words lose their endings: `films` and `filmed` become `film`.
    Stem,
}

/// Whether a text may stand in more than one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Copies {
    /// As the source has them.
    #[default]
    Keep,
    /// A text stays once: in test if it stands there, and otherwise in train.
    LeaveOut,
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
    /// The name of the folder of shards: everything that changes the shards changes the name.
    pub fn shards_name(&self) -> String {
        let Data { dataset, tokenizer, max_seq_length, truncation, .. } = self;
        let mut name = format!("{dataset}-{tokenizer}-{max_seq_length}-{}", truncation.name());
        let mut note = |differs: bool, text: String| {
            if differs {
                name += &text
            }
        };
        let cleaning: Vec<&str> = self.cleaning.iter().map(|step| step.name()).collect();
        note(self.head_share != half(), format!("-head{}", self.head_share));
        note(!cleaning.is_empty(), format!("-cleaning-{}", cleaning.join("+")));
        note(self.duplicates == Copies::LeaveOut, "-without-duplicates".to_owned());
        note(self.validation != tenth(), format!("-validation{}", self.validation));
        note(self.train_examples.is_some(), format!("-train{}", self.train_examples.unwrap_or(0)));
        note(self.test_examples.is_some(), format!("-test{}", self.test_examples.unwrap_or(0)));
        name
    }

    /// Whether every value is one that it may have.
    ///
    /// # Errors
    /// The first that is not; the message names the field and what is allowed.
    pub fn check(&self) -> Result<(), Error> {
        let require =
            |holds: bool, what: &str| if holds { Ok(()) } else { Err(Error::value(format!("[data]: {what}"))) };
        require(is_id(&self.dataset) && is_id(&self.tokenizer), "`dataset` and `tokenizer` are plain names, no paths")?;
        require(
            (3..=100_000).contains(&self.max_seq_length),
            "`max_seq_length` must be from 3, for `[CLS]`, a token, `[SEP]`, to 100000",
        )?;
        require((0.0..=0.5).contains(&self.validation), "`validation` must be from 0 to 0.5")?;
        require((0.0..=1.0).contains(&self.head_share), "`head_share` must be from 0 to 1")
    }
}
