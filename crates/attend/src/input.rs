//! The texts to show: from the command line, by id from shards, or from a stream of JSON Lines.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow};
use records::Split;
use records::fields::Label;
use records::jsonl::Reader;
use records::shards::Manifest;
use serde::Deserialize;

use crate::arguments::Args;

/// A text to show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Review {
    pub(crate) id: String,
    pub(crate) text: String,
    /// The true class, if it is known.
    pub(crate) label: Option<Label>,
}

/// One line of the input beside its id, such as `report flips` writes; other fields are ignored.
#[derive(Deserialize)]
#[serde(try_from = "Fields")]
pub(crate) struct Line {
    text: String,
    label: Option<Label>,
}

#[derive(Deserialize)]
struct Fields {
    text: Option<String>,
    label: Option<Label>,
}

/// The source of texts.
pub(crate) enum Input {
    Named(std::vec::IntoIter<Review>),
    Stream(Box<Reader<Line, BufReader<Box<dyn Read>>>>),
}

impl Input {
    /// The source that `args` name.
    ///
    /// # Errors
    /// The file or the shards cannot be read, or the shards lack a review.
    pub(crate) fn new(args: &Args) -> anyhow::Result<Self> {
        if let Some(path) = &args.file {
            let input: Box<dyn Read> = match path.as_str() {
                "-" => Box::new(console::typed("one text a line, such as {\"id\":1,\"text\":\"A fine film.\"}")),
                path => Box::new(File::open(path).with_context(|| format!("reading `{path}`"))?),
            };
            let name = if path == "-" { "stdin" } else { path };
            return Ok(Input::Stream(Box::new(Reader::new(name, BufReader::new(input)))));
        }
        let reviews = match args.review.is_empty() {
            true => args.text.iter().enumerate().map(|(index, text)| numbered(index, text)).collect(),
            false => from_shards(args.shards(), &args.review)?,
        };
        Ok(Input::Named(reviews.into_iter()))
    }

    /// The texts that have arrived: at least one, at most `most`; none at the end.
    ///
    /// # Errors
    /// A line is not a text.
    pub(crate) fn next_batch(&mut self, most: usize) -> anyhow::Result<Vec<Review>> {
        match self {
            Input::Named(reviews) => Ok(reviews.take(most).collect()),
            Input::Stream(lines) => {
                let review = |(id, Line { text, label })| Review { id, text, label };
                Ok(lines.next_batch(most)?.into_iter().map(review).collect())
            }
        }
    }

    /// Whether the source continues after a text that cannot be shown.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Input::Stream(_))
    }
}

fn numbered(index: usize, text: &str) -> Review {
    Review { id: format!("text {}", index + 1), text: text.to_owned(), label: None }
}

impl TryFrom<Fields> for Line {
    type Error = String;

    fn try_from(Fields { text, label }: Fields) -> Result<Self, String> {
        let text = text.ok_or("the line has no `text`; `report flips --shards DIR` writes it")?;
        Ok(Line { text, label })
    }
}

/// Test reviews by id, in the order of `ids`.
fn from_shards(shards: &Path, ids: &[String]) -> anyhow::Result<Vec<Review>> {
    let (manifest, _) = Manifest::read(shards)?;
    let texts: HashMap<String, String> = manifest.texts(shards)?.into_iter().map(|text| (text.id, text.text)).collect();
    let examples = manifest.examples(shards, Split::Test)?;
    let labels: HashMap<&str, usize> = examples.iter().map(|example| (example.id.as_str(), example.label)).collect();
    let review = |id: &String| {
        let text = texts.get(id).ok_or_else(|| unknown(shards, id, texts.keys()))?.clone();
        Ok(Review { id: id.clone(), text, label: labels.get(id.as_str()).map(|&label| Label::Index(label)) })
    };
    ids.iter().map(review).collect()
}

fn unknown<'a>(shards: &Path, id: &str, known: impl Iterator<Item = &'a String> + Clone) -> anyhow::Error {
    let nearest = study::nearest(id, known.clone().map(String::as_str));
    let meant = nearest.map(|other| format!("; did you mean `{other}`?"));
    let meant = meant.or_else(|| known.min().map(|first| format!("; ids look like `{first}`"))).unwrap_or_default();
    anyhow!("`{}`: no test review `{id}`{meant}", shards.display())
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_unknown_id_is_answered_with_a_near_or_any_id() {
        let known = ["test/pos/2", "test/neg/1"].map(str::to_owned);
        for (id, says) in [("test/pos/3", "did you mean `test/pos/2`?"), ("1", "ids look like `test/neg/1`")] {
            let message = super::unknown("s".as_ref(), id, known.iter()).to_string();
            assert_eq!(message, format!("`s`: no test review `{id}`; {says}"));
        }
    }
}
