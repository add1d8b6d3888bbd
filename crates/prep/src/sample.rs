//! `--sample`: how the first texts of a source were read, cut and labelled.

use std::io::Write;

use anyhow::{Context, Result};
use console::single_line;
use study::Truncation;
use texts::{Review, Store};
use tokens::{Spanned, TextTokenizer};

use crate::datasets::Dataset;

/// Of a text, so many characters are shown; of its tokens, so many of the first and of the last.
const MOST_CHARACTERS: usize = 500;
const MOST_TOKENS: usize = 12;

/// Print the first `n` examples, in the order of the source and with the splits that it gives.
///
/// # Errors
/// A text cannot be tokenized, or stdout cannot be written.
pub(crate) fn print(
    n: usize,
    dataset: &Dataset,
    store: &mut Store,
    tokenizer: &TextTokenizer,
    truncation: Truncation,
) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    for review in dataset.reviews.iter().take(n) {
        let text = store.text(&review.text)?;
        let example = example(review, &dataset.labels[review.label], &text, tokenizer, truncation)?;
        stdout.write_all(console::without_control(&example).as_bytes())?;
    }
    Ok(())
}

fn example(
    review: &Review,
    label: &str,
    text: &str,
    tokenizer: &TextTokenizer,
    truncation: Truncation,
) -> Result<String> {
    let Review { id, split, label: number, .. } = review;
    let (id, label) = (single_line(id), single_line(label));
    let tokenizing = || format!("tokenizing `{id}`");
    let length = tokenizer.ids(text).with_context(tokenizing)?.length;
    let kept = tokenizer.spans(text).with_context(tokenizing)?;
    let cut = match length - kept.len() {
        0 => "all kept".to_owned(),
        n_cut => format!("{} kept, {n_cut} cut ({})", kept.len(), truncation.name()),
    };
    Ok(format!(
        "id `{id}`, {split}, label `{label}`, which is number {number}\n  text    {:?}\n  tokens  {length}, {cut}: {}\n",
        shortened(text),
        ends(&kept)
    ))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first and the last tokens.
fn ends(tokens: &[Spanned]) -> String {
    let words = |tokens: &[Spanned]| tokens.iter().map(|token| token.token.as_str()).collect::<Vec<_>>().join(" ");
    match tokens.len() <= 2 * MOST_TOKENS {
        true => words(tokens),
        false => format!("{} … {}", words(&tokens[..MOST_TOKENS]), words(&tokens[tokens.len() - MOST_TOKENS..])),
    }
}
