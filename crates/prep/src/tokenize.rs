//! Tokenize reviews on all cores, a batch at a time, so that only one batch is in memory.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use console::Progress;
use rayon::prelude::*;
use records::jsonl;
use records::shards::Example;
use serde::Serialize;
use texts::{Review, Store};
use tokens::TextTokenizer;

/// A batch ends after so many reviews, or so many bytes of text.
const MOST_REVIEWS: usize = 4096;
const MOST_BYTES: usize = 4 << 20;

/// A tokenized review.
pub(crate) struct Tokenized {
    pub(crate) id: String,
    pub(crate) label: usize,
    /// Tokens with `[CLS]` and `[SEP]`, before truncation.
    pub(crate) length: usize,
    /// The same after truncation.
    pub(crate) n_tokens: usize,
    /// Those that stand for what the vocabulary cannot spell.
    n_unknown: usize,
    /// The example as a line of JSON.
    pub(crate) line: Vec<u8>,
    /// The text of the source.
    pub(crate) text: String,
}

/// A tokenizer with the texts it has still to do.
pub(crate) struct Tokenizing<'a> {
    pub(crate) tokenizer: &'a TextTokenizer,
    /// The time of tokenizing alone.
    pub(crate) elapsed: Duration,
    n_tokens: usize,
    n_unknown: usize,
    store: Store,
    progress: Progress,
}

impl<'a> Tokenizing<'a> {
    /// Tokenize `n_reviews` in all, whose texts are in `store`.
    pub(crate) fn new(tokenizer: &'a TextTokenizer, store: Store, n_reviews: usize) -> Self {
        let progress = Progress::new(n_reviews as u64, "reviews");
        progress.prefix("tokenizing");
        Tokenizing { tokenizer, elapsed: Duration::ZERO, n_tokens: 0, n_unknown: 0, store, progress }
    }

    /// Clean, tokenize and truncate `reviews`, and hand them on in their order, each with what `record` makes of it as a
    /// line.
    ///
    /// # Errors
    /// A text cannot be read or tokenized, or `take` fails.
    pub(crate) fn each<R: Serialize>(
        &mut self,
        mut reviews: &[Review],
        record: impl Fn(Example) -> R + Sync,
        mut take: impl FnMut(Tokenized) -> Result<()>,
    ) -> Result<()> {
        while !reviews.is_empty() {
            let (batch, rest) = reviews.split_at(length_of_batch(reviews));
            let texts = batch.iter().map(|review| self.store.text(&review.text)).collect::<Result<Vec<_>>>()?;
            let started = Instant::now();
            let one = |(review, text)| tokenize_one(self.tokenizer, review, text, &record);
            let tokenized = batch.par_iter().zip(texts).map(one).collect::<Result<Vec<_>>>()?;
            self.elapsed += started.elapsed();
            self.progress.add(batch.len() as u64);
            self.n_tokens += tokenized.iter().map(|one| one.n_tokens).sum::<usize>();
            self.n_unknown += tokenized.iter().map(|one| one.n_unknown).sum::<usize>();
            tokenized.into_iter().try_for_each(&mut take)?;
            reviews = rest;
        }
        Ok(())
    }

    /// The share of the tokens so far that stand for what the vocabulary cannot spell.
    pub(crate) fn share_unknown(&self) -> f64 {
        self.n_unknown as f64 / self.n_tokens.max(1) as f64
    }
}

fn length_of_batch(reviews: &[Review]) -> usize {
    let mut bytes = 0;
    let fits = |review: &&Review| {
        let is_room = bytes < MOST_BYTES;
        bytes += review.text.n_bytes();
        is_room
    };
    reviews.iter().take(MOST_REVIEWS).take_while(fits).count()
}

fn tokenize_one<R: Serialize>(
    tokenizer: &TextTokenizer,
    review: &Review,
    text: String,
    record: impl Fn(Example) -> R,
) -> Result<Tokenized> {
    let Review { id, label, .. } = review;
    let tokens = tokenizer.ids(&text).with_context(|| format!("tokenizing `{id}`"))?;
    let (n_tokens, mut line) = (tokens.input_ids.len(), Vec::new());
    let n_unknown = tokens.input_ids.iter().filter(|id| Some(**id) == tokenizer.unknown_token_id).count();
    let example = Example { id: id.clone(), label: *label, input_ids: tokens.input_ids };
    jsonl::write(&mut line, &record(example))?;
    Ok(Tokenized { id: id.clone(), label: *label, length: tokens.length, n_tokens, n_unknown, line, text })
}
