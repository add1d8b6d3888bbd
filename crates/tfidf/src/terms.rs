//! Terms of a document, and the number of documents with each term.

use std::collections::HashMap;

use rayon::prelude::*;

/// Pass every sequence of 1 to `longest` consecutive words, joined by spaces, to the callback, repetitions included.
pub(crate) fn each_term(words: &[String], longest: usize, mut visit: impl FnMut(&str)) {
    let mut term = String::new();
    for start in 0..words.len() {
        term.clear();
        for (n_before, word) in words[start..].iter().take(longest).enumerate() {
            if n_before > 0 {
                term.push(' ');
            }
            term.push_str(word);
            visit(&term);
        }
    }
}

/// The sorted terms that occur in at least `min_documents` of `documents`, each with its number of documents.
pub(crate) fn frequent(documents: &[Vec<String>], longest: usize, min_documents: usize) -> Vec<(String, usize)> {
    let mut kept: Vec<(String, usize)> = count(documents, longest)
        .into_iter()
        .filter(|(_, seen)| seen.documents >= min_documents)
        .map(|(term, seen)| (term, seen.documents))
        .collect();
    kept.par_sort_unstable();
    kept
}

/// The number of documents with a term.
struct Seen {
    documents: usize,
    last: usize,
}

type Counts = HashMap<String, Seen>;

/// One table for each thread and no more, because joining two tables costs about as much as counting.
fn count(documents: &[Vec<String>], longest: usize) -> Counts {
    let share = documents.len().div_ceil(rayon::current_num_threads()).max(1);
    let counts = documents.par_chunks(share).map(|documents| {
        let mut counts = Counts::new();
        for (document, words) in documents.iter().enumerate() {
            each_term(words, longest, |term| count_once(&mut counts, term, document));
        }
        counts
    });
    counts.reduce(Counts::new, merge)
}

fn count_once(counts: &mut Counts, term: &str, document: usize) {
    match counts.get_mut(term) {
        Some(seen) if seen.last == document => {}
        Some(seen) => *seen = Seen { documents: seen.documents + 1, last: document },
        None => _ = counts.insert(term.to_owned(), Seen { documents: 1, last: document }),
    }
}

/// Add the counts of two disjoint sets of documents.
fn merge(left: Counts, right: Counts) -> Counts {
    let (mut larger, smaller) = if left.len() < right.len() { (right, left) } else { (left, right) };
    for (term, seen) in smaller {
        larger.entry(term).and_modify(|known| known.documents += seen.documents).or_insert(seen);
    }
    larger
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn terms_are_words_and_adjacent_pairs() {
        let mut terms = Vec::new();
        each_term(&words("not good at"), 2, |term| terms.push(term.to_owned()));
        assert_eq!(terms, ["not", "not good", "good", "good at", "at"]);
    }

    #[test]
    fn a_document_counts_a_term_once() {
        let documents = [words("b a b"), words("a b a b"), words("c")];
        let expected = [("a", 2), ("a b", 2), ("b", 2), ("b a", 2)].map(|(term, n)| (term.to_owned(), n));
        assert_eq!(frequent(&documents, 2, 2), expected);
        assert_eq!(frequent(&documents, 1, 1).len(), 3);
    }

    #[test]
    fn no_words_make_no_terms() {
        assert!(frequent(&[vec![], words("a")], 0, 1).is_empty());
        assert!(frequent(&[], 2, 1).is_empty());
    }
}
