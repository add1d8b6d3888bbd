//! The data sets: a file and a line in [`DATASETS`] each.

mod imdb;
mod jsonl;
mod sample;
#[cfg(test)]
mod sample_bag_of_words;
mod sample_words;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use records::Split;

/// A text with its class, as its source has it.
pub(crate) struct Review {
    pub(crate) id: String,
    pub(crate) split: Split,
    pub(crate) label: usize,
    pub(crate) text: String,
}

/// A data set, read whole: class names by index, and the reviews in any order.
pub(crate) struct Dataset {
    pub(crate) labels: Vec<String>,
    pub(crate) reviews: Vec<Review>,
}

/// Where a data set is, as the arguments say.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// JSON Lines file (`-` is stdin), or the unpacked folder of `imdb`
    #[arg(long, value_name = "FILE|DIR|-", conflicts_with = "archive")]
    pub(crate) input: Option<PathBuf>,
    /// Archive of `imdb` as its authors publish it, aclImdb_v1.tar.gz; it is not unpacked
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
}

/// A data set that was found and opened, not read.
pub(crate) struct Opened {
    /// What will be read, for a person.
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

/// A data set that is generated, with the two classes of a film review.
fn embedded<I: Iterator<Item = Review> + 'static>(source: &Source, examples: fn() -> I) -> Result<Opened> {
    if source.input.is_some() || source.archive.is_some() {
        bail!("is embedded and reads no `--input` and no `--archive`");
    }
    let read = move || Ok(Dataset { labels: negative_and_positive(), reviews: examples().collect() });
    Ok(Opened { description: "embedded generator".to_owned(), read: Box::new(read) })
}

fn negative_and_positive() -> Vec<String> {
    ["neg", "pos"].map(str::to_owned).to_vec()
}

impl Opened {
    /// Read it; ids must be unique, because everything later is a function of them and not of the order.
    pub(crate) fn read(self) -> Result<Dataset> {
        let dataset = (self.read)().with_context(|| self.description.clone())?;
        let mut ids: Vec<&str> = dataset.reviews.iter().map(|review| review.id.as_str()).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => bail!("{}: two examples have the id `{}`", self.description, twice[0]),
            None => Ok(dataset),
        }
    }
}

impl Review {
    /// What reviews are ordered by.
    pub(crate) fn place(&self) -> (Split, &str) {
        (self.split, &self.id)
    }
}
