//! Tokenize all reviews, on all cores.

use anyhow::{Context, Result};
use console::Progress;
use rayon::prelude::*;
use records::Split;
use records::shards::Example;
use tokens::TextTokenizer;

use crate::datasets::Review;

/// A tokenized review.
pub(crate) struct Tokenized {
    pub(crate) split: Split,
    /// Tokens with `[CLS]` and `[SEP]`, before truncation.
    pub(crate) length: usize,
    pub(crate) example: Example,
    /// The text of the source, for test examples only.
    pub(crate) text: Option<String>,
}

/// Clean, tokenize and truncate all reviews, in their order.
pub(crate) fn tokenize(tokenizer: &TextTokenizer, reviews: Vec<Review>) -> Result<Vec<Tokenized>> {
    let progress = Progress::new(reviews.len() as u64, "reviews");
    progress.prefix("tokenizing");
    let tokenize = |review: Review| tokenize_one(tokenizer, review).inspect(|_| progress.add(1));
    reviews.into_par_iter().map(tokenize).collect()
}

fn tokenize_one(tokenizer: &TextTokenizer, Review { id, split, label, text }: Review) -> Result<Tokenized> {
    let tokens = tokenizer.ids(&text).with_context(|| format!("tokenizing `{id}`"))?;
    let example = Example { id, label, input_ids: tokens.input_ids };
    Ok(Tokenized { split, length: tokens.length, example, text: (split == Split::Test).then_some(text) })
}
