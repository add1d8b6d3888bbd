//! What a source holds: columns, classes, copies and lengths, as far as the choice of settings needs it.

use std::cmp::Reverse;
use std::path::Path;

use anyhow::{Context, Result, bail};
use records::Split;
use records::shards::Duplicates;
use study::Data;
use texts::{Columns, Review, Store, Texts, duplicates};

use super::encoder::Encoder;

/// Lengths are counted on so many texts at most, evenly from the whole source.
const MOST_COUNTED: usize = 10_000;

/// A class with fewer examples in train is hardly learned.
const FEW_EXAMPLES: usize = 10;

/// So many classes are listed.
const MOST_LISTED: usize = 8;

/// The texts of a source, as they were read.
pub(crate) struct Found {
    description: String,
    texts: Texts,
    store: Store,
}

impl Found {
    /// Read all of the source at `path`.
    ///
    /// # Errors
    /// It cannot be read, or has no train examples of two classes.
    pub(crate) fn at(path: &Path, data: &Data) -> Result<Self> {
        let source = texts::open(Some(path), data)?;
        let (description, mut store) = (source.description.clone(), Store::new(std::env::temp_dir()));
        let texts = source.read(&mut store)?;
        texts::check_ids(&description, &texts.reviews)?;
        let learnt: Vec<usize> =
            texts.reviews.iter().filter(|review| review.split == Split::Train).map(|review| review.label).collect();
        if learnt.iter().all(|label| Some(label) == learnt.first()) {
            let class =
                learnt.first().map(|label| format!(", of class `{}`", texts.labels[*label])).unwrap_or_default();
            let (n, all) = (learnt.len(), texts.reviews.len());
            bail!("{description}: {n} of {all} texts are to train on{class}; a classifier needs two classes");
        }
        Ok(Found { description, texts, store })
    }
}

/// What a source holds.
pub(crate) struct Look {
    pub(crate) description: String,
    pub(crate) columns: Columns,
    /// Examples of train, validation and test.
    pub(crate) n_of: [usize; 3],
    /// Class names with their examples, the largest first.
    pub(crate) classes: Vec<(String, usize)>,
    /// Classes with few examples in train: the smallest one, its examples, and how many there are.
    few: Option<(String, usize, usize)>,
    pub(crate) duplicates: Duplicates,
    pub(crate) lengths: Lengths,
}

/// Lengths of texts.
pub(crate) struct Lengths {
    /// In ascending order; in tokens, with the special ones, or in words.
    sorted: Vec<usize>,
    /// The share of tokens that stand for what the vocabulary cannot spell; `None` if these are words.
    pub(crate) unknown: Option<f64>,
}

impl Look {
    /// Count classes and copies, and lengths in tokens of `encoder`.
    ///
    /// # Errors
    /// A text cannot be tokenized.
    pub(crate) fn new(found: Found, encoder: &Encoder) -> Result<Self> {
        let Found { description, texts: Texts { columns, labels, reviews }, mut store } = found;
        let count = |holds: &dyn Fn(&Review) -> bool| reviews.iter().filter(|review| holds(review)).count();
        let n_of = Split::ALL.map(|split| count(&|review| review.split == split));
        let mut classes = count_classes(&labels, &reviews, &|_| true);
        classes.retain(|(_, n)| *n > 0);
        classes.sort_by_key(|(_, n)| Reverse(*n));
        let few = count_classes(&labels, &reviews, &|review| review.split == Split::Train);
        let few: Vec<_> =
            few.into_iter().filter(|(name, n)| *n < FEW_EXAMPLES && classes.iter().any(|c| c.0 == *name)).collect();
        Ok(Look {
            few: few.iter().min_by_key(|(_, n)| *n).map(|(name, n)| (name.clone(), *n, few.len())),
            duplicates: duplicates::count(&reviews),
            lengths: Lengths::of(&reviews, &mut store, encoder)?,
            description,
            columns,
            n_of,
            classes,
        })
    }

    /// All examples.
    pub(crate) fn n(&self) -> usize {
        self.n_of.iter().sum()
    }

    /// The largest class and its share, which is the accuracy of an answer that is always the same.
    pub(crate) fn largest(&self) -> (&str, f64) {
        let (name, n) = &self.classes[0];
        (name.as_str(), *n as f64 / self.n() as f64)
    }

    /// The classes with their shares, as far as there is room.
    pub(crate) fn listed(&self) -> String {
        let share = |(name, n): &(String, usize)| format!("`{name}` {:.1} %", 100.0 * *n as f64 / self.n() as f64);
        let listed: Vec<String> = self.classes.iter().take(MOST_LISTED).map(share).collect();
        let rest = self.classes.len() - listed.len();
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        console::single_line(&(listed.join(", ") + &more))
    }

    /// Print what was found, and warn of what a model will find hard; `models` is the folder for another one.
    pub(crate) fn log(&self, models: &Path) {
        let ([train, validation, test], Columns { text, label, .. }) = (self.n_of, &self.columns);
        log::info!("texts     {}: {train} train, {validation} validation, {test} test", self.description);
        log::info!("columns   text `{text}`, label `{label}`");
        log::info!("classes   {}: {}", self.classes.len(), self.listed());
        log::info!("lengths   {}", self.lengths.listed());
        let Duplicates { within_train, within_test, across } = self.duplicates;
        log::info!("copies    {within_train} in train, {within_test} in test, {across} in both");
        if let Some((name, n, classes)) = &self.few {
            log::warn!(
                "classes with fewer than {FEW_EXAMPLES} train examples: {classes}, such as `{name}` with {n}; add some"
            );
        }
        let then = "remove the study, and choose `--encoder xlm-roberta-base`";
        if let Some(told) = self.lengths.unknown.and_then(|share| tokens::foreign_to(share, models, then)) {
            log::warn!("{told}");
        }
    }
}

/// The examples of each class for which `counts` holds.
fn count_classes(labels: &[String], reviews: &[Review], counts: &dyn Fn(&Review) -> bool) -> Vec<(String, usize)> {
    let mut classes: Vec<(String, usize)> = labels.iter().map(|name| (name.clone(), 0)).collect();
    reviews.iter().filter(|review| counts(review)).for_each(|review| classes[review.label].1 += 1);
    classes
}

impl Lengths {
    fn of(reviews: &[Review], store: &mut Store, encoder: &Encoder) -> Result<Self> {
        let (mut sorted, mut n_unknown) = (Vec::new(), 0);
        for review in reviews.iter().step_by(reviews.len().div_ceil(MOST_COUNTED)) {
            let text = store.text(&review.text)?;
            let Some(tokenizer) = &encoder.tokenizer else {
                sorted.push(text.split_whitespace().count());
                continue;
            };
            let ids = tokenizer.ids(&text).with_context(|| format!("tokenizing `{}`", review.id))?;
            n_unknown += ids.input_ids.iter().filter(|id| Some(**id) == tokenizer.unknown_token_id).count();
            sorted.push(ids.length);
        }
        sorted.sort_unstable();
        let all = sorted.iter().sum::<usize>().max(1) as f64;
        Ok(Lengths { sorted, unknown: encoder.tokenizer.as_ref().map(|_| n_unknown as f64 / all) })
    }

    /// The smallest length that this share of the texts does not exceed.
    pub(crate) fn percentile(&self, share: f64) -> usize {
        let place = (share * self.sorted.len() as f64).ceil() as usize;
        self.sorted[place.clamp(1, self.sorted.len()) - 1]
    }

    /// The share of texts that are longer.
    pub(crate) fn above(&self, length: usize) -> f64 {
        let above = self.sorted.len() - self.sorted.partition_point(|found| *found <= length);
        above as f64 / self.sorted.len() as f64
    }

    /// What one unit is.
    pub(crate) fn unit(&self) -> &'static str {
        if self.unknown.is_some() { "tokens" } else { "words" }
    }

    fn listed(&self) -> String {
        let [half, most, nearly_all, longest] = [0.5, 0.9, 0.95, 1.0].map(|share| self.percentile(share));
        let unknown = match self.unknown {
            Some(share) => format!("{:.2} % of the tokens are unknown", 100.0 * share),
            None => "the encoder is not there, so tokens could not be counted".to_owned(),
        };
        let unit = self.unit();
        format!("{half} {unit} in the median, {most} in 90 %, {nearly_all} in 95 %, {longest} at most; {unknown}")
    }
}

#[cfg(test)]
mod tests {
    use super::Lengths;

    #[test]
    fn percentiles_are_lengths_that_occur() {
        let lengths = Lengths { sorted: (1..=20).collect(), unknown: None };
        assert_eq!([0.0, 0.5, 0.95, 1.0].map(|share| lengths.percentile(share)), [1, 10, 19, 20]);
        assert_eq!((lengths.above(19), lengths.above(20), lengths.above(0)), (0.05, 0.0, 1.0));
    }
}
