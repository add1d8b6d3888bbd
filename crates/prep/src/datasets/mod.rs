//! The data sets. Each has a file here and a line in [`DATASETS`].

mod imdb;
mod sample;
#[cfg(test)]
mod sample_bag_of_words;
mod sample_words;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use study::Data;
use texts::{Review, Store, Texts};

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

const DATASETS: &[(&str, Open)] = &[
    ("imdb", |source, _| imdb::open(source)),
    ("jsonl", own),
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
    let names: Vec<&str> = DATASETS.iter().map(|(known, _)| *known).collect();
    let meant = study::nearest(name, names.iter().copied()).map(|meant| format!("; did you mean `{meant}`?"));
    format!("unknown data set `{name}`, expected one of `{}`{}", names.join("`, `"), meant.unwrap_or_default())
}

/// Texts of one's own.
fn own(source: &Source, data: &Data) -> Result<Opened> {
    ensure!(source.archive.is_none(), "reads `--input`, not `--archive`");
    let opened = texts::open(source.input.as_deref(), data)?;
    let description = opened.description.clone();
    let read = move |store: &mut Store| {
        let Texts { labels, reviews, .. } = opened.read(store)?;
        Ok(Dataset { labels, reviews })
    };
    Ok(Opened { description, read: Box::new(read) })
}

/// The source of a data set that is made up.
const EMBEDDED: &str = "embedded generator";

/// A generated data set with the two classes of film reviews.
fn embedded<I: Iterator<Item = Fresh> + 'static>(source: &Source, examples: fn() -> I) -> Result<Opened> {
    if source.input.is_some() || source.archive.is_some() {
        bail!("is embedded; leave `--input` and `--archive` out");
    }
    let read = move |store: &mut Store| of_films(examples(), store);
    Ok(Opened { description: EMBEDDED.to_owned(), read: Box::new(read) })
}

/// Film reviews of two classes.
fn of_films(reviews: impl IntoIterator<Item = Fresh>, store: &mut Store) -> Result<Dataset> {
    let reviews = reviews.into_iter().map(|review| kept(review, store)).collect::<Result<_>>()?;
    Ok(Dataset { labels: ["neg", "pos"].map(str::to_owned).to_vec(), reviews })
}

impl Opened {
    /// Read it; the texts go to `store`.
    ///
    /// # Errors
    /// The source cannot be read or is damaged, or two examples have one id.
    pub(crate) fn read(self, store: &mut Store) -> Result<Dataset> {
        let dataset = (self.read)(store)?;
        texts::check_ids(&self.description, &dataset.reviews)?;
        Ok(dataset)
    }
}

fn kept(Review { id, split, label, text }: Fresh, store: &mut Store) -> Result<Review> {
    Ok(Review { id, split, label, text: store.put(&text)? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_data_set_is_documented() {
        for (name, _) in DATASETS {
            let settings = include_str!("../../../../pipelines/README.md").lines();
            let names = settings.filter(|line| line.starts_with("* `dataset`: ")).collect::<String>();
            assert!(names.contains(&format!("`{name}`")), "{name}: add it to `dataset` in `pipelines/README.md`");
        }
    }

    /// Make keeps shards as long as their inputs are the same, and made-up reviews are the only input that is no file.
    #[test]
    fn other_reviews_have_another_sum() {
        let data = serde_json::from_value(serde_json::json!({})).unwrap();
        let source = Source { input: None, archive: None };
        let made_up = |open: &Open| open(&source, &data).ok().filter(|opened| opened.description == EMBEDDED);
        let folder = tempfile::tempdir().unwrap();
        let sums = DATASETS.iter().filter_map(|(name, open)| Some((*name, sum(made_up(open)?, folder.path()))));
        let listed = study::EMBEDDED.iter().map(|(name, sum)| (*name, (*sum).to_owned()));
        assert_eq!(
            sums.collect::<BTreeMap<_, _>>(),
            listed.collect(),
            "found beside `EMBEDDED` of `study/src/data.rs`"
        );
    }

    fn sum(opened: Opened, folder: &Path) -> String {
        let mut store = Store::new(folder.to_owned());
        let reviews = opened.read(&mut store).unwrap().reviews;
        let line = |it: &Review| format!("{}\t{}\t{}\n", it.id, it.label, store.text(&it.text).unwrap());
        records::hash::sha256_hex(reviews.iter().map(line).collect::<String>().as_bytes())
    }
}
