//! Texts of your own with their classes: JSON Lines, a JSON array, a table with a header, or Parquet; one file, stdin, or
//! a folder of split files.
//!
//! `prep` makes shards of them, and `plan new` looks at them before there is a study; both must read the same examples.

mod columns;
pub mod duplicates;
mod files;
mod input;
mod json;
mod labels;
mod parquet;
mod quotes;
mod reader;
mod store;
mod table;

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use records::Split;
use study::Data;

use files::Part;
use labels::Labels;
use reader::{Example, Reader};

pub use columns::Columns;
pub use store::{Store, Text};

/// What a source must hold.
const EXAMPLES: &str = "write a row of text and label for each, under a header such as `text,label`, or a line such as \
                        `{\"text\": \"Thank you.\", \"label\": \"praise\"}`";

/// A text and its class, unchanged from the source. A [`Store`] has the text.
pub struct Review<T = Text> {
    /// Unique in its source.
    pub id: String,
    /// The part of the data set.
    pub split: Split,
    /// Index of its class.
    pub label: usize,
    /// The text, or its place.
    pub text: T,
}

/// Everything that a source holds.
pub struct Texts {
    /// The columns of its first file.
    pub columns: Columns,
    /// Class names by index.
    pub labels: Vec<String>,
    /// In the order of the files.
    pub reviews: Vec<Review>,
}

/// A source that is opened, but not read yet.
pub struct Source {
    /// The file, or the folder with the files of each split.
    pub description: String,
    parts: Vec<Part>,
    data: Data,
}

/// Open the file or folder `input`, or stdin without one; `data` may name its columns.
///
/// # Errors
/// A file is missing or cannot be read, or a folder's files cannot be told apart.
pub fn open(input: Option<&Path>, data: &Data) -> Result<Source> {
    let data = data.clone();
    match input {
        Some(path) if path != Path::new("-") => {
            let parts = files::parts(path)?;
            Ok(Source { description: files::description(path, &parts), parts, data })
        }
        _ => {
            let parts = vec![Part {
                name: "stdin".to_owned(),
                split: None,
                path: None,
                input: Box::new(console::piped("texts")?),
            }];
            Ok(Source { description: "`stdin`".to_owned(), parts, data })
        }
    }
}

impl Source {
    /// Read everything; the texts go to `store`.
    ///
    /// # Errors
    /// A file cannot be read or is damaged; the message names file, line and fault.
    pub fn read(self, store: &mut Store) -> Result<Texts> {
        let mut reading =
            Reading { are_split: self.parts.iter().any(|part| part.split.is_some()), ..Reading::default() };
        for part in self.parts {
            let split = part.split;
            let mut reader = input::open(part, &self.data)?;
            while let Some(example) = reader.next()? {
                reading.put(example, split, &reader, store)?;
            }
        }
        reading.finish(&self.description)
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    /// Whether the names of the files say the splits.
    are_split: bool,
    columns: Option<Columns>,
    labels: Labels,
    reviews: Vec<Review>,
    /// Examples of each split.
    numbers: [usize; Split::ALL.len()],
    /// Which reviews have a number for an id.
    numbered: Vec<usize>,
    n_blank: usize,
    first_blank: Option<anyhow::Error>,
}

impl Reading {
    /// Add `example`, which `reader` has read last, of a file of `split`.
    fn put(&mut self, example: Example, split: Option<Split>, reader: &Reader, store: &mut Store) -> Result<()> {
        let fault = |message: String| reader.error(message);
        self.columns.get_or_insert_with(|| reader.columns().clone());
        let of_table = matches!(reader, Reader::Table(_));
        let label = self.labels.put(example.label, of_table, &reader.columns().label).map_err(fault)?;
        let place = split.or(example.split).unwrap_or(Split::Train);
        if let Some(said) = example.split.filter(|said| *said != place) {
            return Err(fault(format!("split `{said}` in a file of {place}; move the line, or drop the column")));
        }
        if example.text.trim().is_empty() {
            self.n_blank += 1;
            self.first_blank.get_or_insert_with(|| fault("the text is empty".to_owned()));
        }
        self.numbers[place as usize] += 1;
        if example.id.is_none() {
            self.numbered.push(self.reviews.len());
        }
        let id = example.id.unwrap_or_else(|| match self.are_split {
            true => format!("{place}/{}", self.numbers[place as usize]),
            false => reader.number().to_string(),
        });
        self.reviews.push(Review { id, split: place, label, text: store.put(&example.text)? });
        Ok(())
    }

    fn finish(mut self, source: &str) -> Result<Texts> {
        let Some(columns) = self.columns else { bail!("{source}: holds no examples; {EXAMPLES}") };
        if let Some(first) = self.first_blank {
            log::warn!(
                "{first}; {} of {} texts are; a model learns nothing from them",
                self.n_blank,
                self.reviews.len()
            );
        }
        let (labels, indices) = self.labels.finish().map_err(|message| anyhow!("{source}: {message}"))?;
        self.reviews.iter_mut().for_each(|review| review.label = indices[review.label]);
        check_test_labels(source, &labels, &self.reviews)?;
        mark_numbers(&mut self.reviews, &self.numbered);
        if self.are_split {
            tell_apart(&mut self.reviews);
        }
        Ok(Texts { columns, labels, reviews: self.reviews })
    }
}

/// Refuse a test split in which every label is `-1`, and no other one has that label.
fn check_test_labels(source: &str, labels: &[String], reviews: &[Review]) -> Result<()> {
    let Some(unknown) = labels.iter().position(|label| label == "-1") else { return Ok(()) };
    let are_alike = reviews.iter().all(|review| (review.label == unknown) == (review.split == Split::Test));
    ensure!(
        !are_alike,
        "{source}: every test example has the label -1, which marks texts without a label, as in test sets of the hub; move \
         them away, and a share of train is held out"
    );
    Ok(())
}

/// Where the number of an example without an id is the id of another, put `row/` before all such numbers.
fn mark_numbers(reviews: &mut [Review], numbered: &[usize]) {
    let numbers: HashSet<&str> = numbered.iter().map(|&idx| reviews[idx].id.as_str()).collect();
    if reviews.iter().filter(|review| numbers.contains(review.id.as_str())).count() > numbered.len() {
        log::info!(
            "{} examples have no id, and their numbers are ids of others, so each has an id such as `row/1`",
            numbered.len()
        );
        numbered.iter().for_each(|&idx| reviews[idx].id = format!("row/{}", reviews[idx].id));
    }
}

/// Split files that each count their examples from 0, as those of GLUE do, have the same ids: put the split before them.
fn tell_apart(reviews: &mut [Review]) {
    let mut places: Vec<(&str, Split)> = reviews.iter().map(|review| (review.id.as_str(), review.split)).collect();
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1) {
        log::info!("several splits have the same ids, so each id has its split before it, such as `test/1`");
        reviews.iter_mut().for_each(|review| review.id = format!("{}/{}", review.split, review.id));
    }
}

/// Ids must be unique, because later choices depend on them and not on the order of the examples.
///
/// # Errors
/// Two examples of the source `description` have one id.
pub fn check_ids(description: &str, reviews: &[Review]) -> Result<()> {
    let mut ids: Vec<&str> = reviews.iter().map(|review| review.id.as_str()).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => bail!("{description}: two examples have the id `{}`; give each its own, or none", twice[0]),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
