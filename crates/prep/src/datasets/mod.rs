//! The data sets. Each has a file here and a line in [`DATASETS`].

mod imdb;
mod jsonl;
mod sample;
#[cfg(test)]
mod sample_bag_of_words;
mod sample_words;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use records::Split;

/// A text and its class, unchanged from the source.
pub(crate) struct Review {
    pub(crate) id: String,
    pub(crate) split: Split,
    pub(crate) label: usize,
    pub(crate) text: String,
}

/// A complete data set: class names by index, and the reviews in any order.
pub(crate) struct Dataset {
    pub(crate) labels: Vec<String>,
    pub(crate) reviews: Vec<Review>,
}

/// The place of a data set, from the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// JSON Lines file (`-` is stdin), or the unpacked folder of `imdb`
    #[arg(long, value_name = "FILE|DIR|-", conflicts_with = "archive")]
    pub(crate) input: Option<PathBuf>,
    /// Archive of `imdb`, aclImdb_v1.tar.gz as published; `prep` reads it without unpacking it
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
}

/// A data set that is found and opened, but not read yet.
pub(crate) struct Opened {
    /// The source, for messages.
    pub(crate) description: String,
    read: Box<dyn FnOnce() -> Result<Dataset>>,
}

type Open = fn(&Source) -> Result<Opened>;

const DATASETS: [(&str, Open); 3] =
    [("imdb", imdb::open), ("jsonl", jsonl::open), ("sample", |source| embedded(source, sample::examples))];

/// Find the data set called `name` and open its source.
pub(crate) fn open(name: &str, source: &Source) -> Result<Opened> {
    match DATASETS.iter().find(|(known, _)| *known == name) {
        Some((_, open)) => open(source).with_context(|| format!("data set `{name}`")),
        None => bail!("{}", unknown(name)),
    }
}

fn unknown(name: &str) -> String {
    let names = DATASETS.map(|(known, _)| known);
    let meant = study::nearest(name, names).map(|meant| format!("; did you mean `{meant}`?"));
    format!("unknown data set `{name}`, expected one of `{}`{}", names.join("`, `"), meant.unwrap_or_default())
}

/// A generated data set with the two classes of film reviews.
fn embedded<I: Iterator<Item = Review> + 'static>(source: &Source, examples: fn() -> I) -> Result<Opened> {
    if source.input.is_some() || source.archive.is_some() {
        bail!("is embedded; leave `--input` and `--archive` out");
    }
    let read = move || Ok(Dataset { labels: negative_and_positive(), reviews: examples().collect() });
    Ok(Opened { description: "embedded generator".to_owned(), read: Box::new(read) })
}

fn negative_and_positive() -> Vec<String> {
    ["neg", "pos"].map(str::to_owned).to_vec()
}

impl Opened {
    /// Read it. Ids must be unique, because all later choices depend on them and not on the order of the examples.
    ///
    /// # Errors
    /// The source cannot be read or is damaged, or two examples have one id.
    pub(crate) fn read(self) -> Result<Dataset> {
        let dataset = (self.read)().with_context(|| self.description.clone())?;
        let mut ids: Vec<&str> = dataset.reviews.iter().map(|review| review.id.as_str()).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => {
                bail!("{}: two examples have the id `{}`; give each its own, or none", self.description, twice[0])
            }
            None => Ok(dataset),
        }
    }
}

impl Review {
    /// The key that orders reviews.
    pub(crate) fn place(&self) -> (Split, &str) {
        (self.split, &self.id)
    }
}
