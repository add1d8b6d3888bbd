//! The data sets. Each has a file here and a line in [`DATASETS`].

mod imdb;
mod sample;
#[cfg(test)]
mod sample_bag_of_words;
mod sample_words;
mod store;
mod texts;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use records::Split;
use study::Data;

pub(crate) use store::{Store, Text};

/// A text and its class, unchanged from the source. A [`Store`] has the text.
pub(crate) struct Review<T = Text> {
    pub(crate) id: String,
    pub(crate) split: Split,
    pub(crate) label: usize,
    pub(crate) text: T,
}

/// A review whose text is still in memory.
pub(crate) type Fresh = Review<String>;

/// A complete data set: class names by index, and the reviews in any order.
pub(crate) struct Dataset {
    pub(crate) labels: Vec<String>,
    pub(crate) reviews: Vec<Review>,
}

/// The place of a data set, from the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// Texts of your own: a file (`-` is stdin) or a folder of split files; or the unpacked folder of `imdb`
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
    read: Box<Read>,
}

type Read = dyn FnOnce(&mut Store) -> Result<Dataset>;
type Open = fn(&Source, &Data) -> Result<Opened>;

const DATASETS: [(&str, Open); 3] = [
    ("imdb", |source, _| imdb::open(source)),
    ("jsonl", texts::open),
    ("sample", |source, _| embedded(source, sample::examples)),
];

/// Find the data set that `data` names and open its source.
pub(crate) fn open(source: &Source, data: &Data) -> Result<Opened> {
    let name = data.dataset.as_str();
    match DATASETS.iter().find(|(known, _)| *known == name) {
        Some((_, open)) => open(source, data).with_context(|| format!("data set `{name}`")),
        None => bail!("{}", unknown(name)),
    }
}

fn unknown(name: &str) -> String {
    let names = DATASETS.map(|(known, _)| known);
    let meant = study::nearest(name, names).map(|meant| format!("; did you mean `{meant}`?"));
    format!("unknown data set `{name}`, expected one of `{}`{}", names.join("`, `"), meant.unwrap_or_default())
}

/// A generated data set with the two classes of film reviews.
fn embedded<I: Iterator<Item = Fresh> + 'static>(source: &Source, examples: fn() -> I) -> Result<Opened> {
    if source.input.is_some() || source.archive.is_some() {
        bail!("is embedded; leave `--input` and `--archive` out");
    }
    let read = move |store: &mut Store| of_films(examples(), store);
    Ok(Opened { description: "embedded generator".to_owned(), read: Box::new(read) })
}

/// Film reviews of two classes.
fn of_films(reviews: impl IntoIterator<Item = Fresh>, store: &mut Store) -> Result<Dataset> {
    let reviews = reviews.into_iter().map(|review| review.kept(store)).collect::<Result<_>>()?;
    Ok(Dataset { labels: ["neg", "pos"].map(str::to_owned).to_vec(), reviews })
}

impl Opened {
    /// Read it; the texts go to `store`. Ids must be unique, because all later choices depend on them and not on the
    /// order of the examples.
    ///
    /// # Errors
    /// The source cannot be read or is damaged, or two examples have one id.
    pub(crate) fn read(self, store: &mut Store) -> Result<Dataset> {
        let dataset = (self.read)(store)?;
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

impl Fresh {
    fn kept(self, store: &mut Store) -> Result<Review> {
        let Review { id, split, label, text } = self;
        Ok(Review { id, split, label, text: store.put(&text)? })
    }
}
