//! Optional cleaning of texts, as in the source; its study and our default do not use it.
//!
//! Differences from the source:
//!
//! * the source lemmatises with WordNet (as a noun, then as a verb) and drops stop words after that; we drop them first
//!   and then stem with Snowball's English stemmer (Porter2), which needs no dictionary;
//! * the source passes `re.UNICODE`, which is 32, where Python's `re.sub` takes the number of replacements, so it
//!   removes only the first 32 punctuation marks of a text; we remove all;
//! * the source replaces `<br />` by nothing, so the words on both sides become one; we replace it by a space (see
//!   `markup`);
//! * the source splits at spaces only; we split at all white space and join by single spaces.
//!
//! As in the source, `don't` is a stop word with its apostrophe only, and `not` is one too: cleaning removes negations,
//! and accuracy may well fall.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use rust_stemmers::{Algorithm, Stemmer};
use study::Cleaning as Step;

use crate::traced::Traced;

/// The steps in a study.
pub(crate) struct Cleaning {
    steps: BTreeSet<Step>,
    stop_words: HashSet<&'static str>,
    stemmer: Stemmer,
}

impl Cleaning {
    pub(crate) fn new(steps: &BTreeSet<Step>) -> Self {
        Cleaning { steps: steps.clone(), stop_words: stop_words(), stemmer: Stemmer::create(Algorithm::English) }
    }

    /// The remaining words of `text`, joined by spaces; without steps, the text itself.
    pub(crate) fn apply(&self, text: String) -> String {
        if self.steps.is_empty() {
            return text;
        }
        let mut cleaned = String::with_capacity(text.len());
        for word in text.split_whitespace().map(|word| self.word(word)).filter(|word| !word.is_empty()) {
            cleaned += if cleaned.is_empty() { "" } else { " " };
            cleaned += &word;
        }
        cleaned
    }

    /// The same with the position of every word.
    pub(crate) fn apply_traced(&self, text: Traced) -> Traced {
        match self.steps.is_empty() {
            true => text,
            false => text.mapped(|word| self.word(word).into_owned()),
        }
    }

    fn word<'a>(&self, word: &'a str) -> Cow<'a, str> {
        self.steps.iter().fold(word.into(), |word, step| match step {
            Step::Punctuation => word.chars().filter(|&c| c.is_alphanumeric() || c == '_').collect(),
            Step::Case => word.to_lowercase().into(),
            Step::StopWords if self.stop_words.contains(&*word) => "".into(),
            Step::StopWords => word,
            Step::Stem => self.stemmer.stem(&word).into_owned().into(),
        })
    }
}

/// The 198 English stop words of NLTK's current list, in lower case; the source used NLTK's list of 2019.
fn stop_words() -> HashSet<&'static str> {
    stop_words::lookup(stop_words::Language::English).into_iter().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Step; 4] = [Step::Punctuation, Step::Case, Step::StopWords, Step::Stem];

    fn cleaned(steps: &[Step], text: &str) -> String {
        Cleaning::new(&steps.iter().copied().collect()).apply(text.to_owned())
    }

    #[test]
    fn each_step_removes_exactly_what_it_names() {
        let text = "The film's  FILMS, they filmed:\tdon't_go \u{2013} 10/10 Amélie!";
        let cases: [(&[Step], &str); 7] = [
            (&[], text),
            (&[Step::Punctuation], "The films FILMS they filmed dont_go 1010 Amélie"),
            (&[Step::Case], "the film's films, they filmed: don't_go \u{2013} 10/10 amélie!"),
            (&[Step::StopWords], "The film's FILMS, filmed: don't_go \u{2013} 10/10 Amélie!"),
            (&[Step::Case, Step::StopWords], "film's films, filmed: don't_go \u{2013} 10/10 amélie!"),
            (&[Step::Case, Step::Stem], "the film films, they filmed: don't_go \u{2013} 10/10 amélie!"),
            (&ALL, "film film film dont_go 1010 améli"),
        ];
        for (steps, expected) in cases {
            assert_eq!(cleaned(steps, text), expected, "{steps:?}");
        }
    }

    #[test]
    fn stop_words_are_the_list_of_the_source_and_negations_are_among_them() {
        assert_eq!(stop_words().len(), 198);
        assert_eq!(cleaned(&ALL[1..3], "I don't. It was NOT good, don't"), "don't. good,");
        assert_eq!(cleaned(&ALL[..3], "I don't. It was NOT good, don't"), "dont good dont");
    }

    #[test]
    fn stems_are_those_of_snowballs_english_vocabulary() {
        let words = "consigned consignment knackeries generously communion dying skies yes happily proceed";
        assert_eq!(
            cleaned(&[Step::Stem], words),
            "consign consign knackeri generous communion die sky yes happili proceed"
        );
    }

    #[test]
    fn more_than_32_punctuation_marks_are_removed() {
        assert_eq!(cleaned(&[Step::Punctuation], &"a, ".repeat(40)), ["a"; 40].join(" "));
        assert_eq!(cleaned(&[Step::Punctuation], "... !? \u{2026}"), "");
    }

    fn texts() -> impl Strategy<Value = String> {
        let part = "\\PC{0,6}|[ -~]{0,8}|the|The|don't|films?|[ΑΣσςé\u{301}\u{a0}\u{200b}七\t\n]{1,3}";
        proptest::collection::vec(part, 0..12).prop_map(|parts| parts.join(" "))
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent_except_for_stems(
            text in texts(), steps in proptest::sample::subsequence(&ALL[..3], 0..=3)
        ) {
            let text = text.replace('İ', ""); // in lower case it has a dot of its own, which is no letter
            let once = cleaned(&steps, &text);
            prop_assert_eq!(cleaned(&steps, &once), once);
        }

        #[test]
        fn the_remaining_words_stay_apart_and_in_order(
            text in texts(), steps in proptest::sample::subsequence(ALL.to_vec(), 1..=4)
        ) {
            let cleaning = Cleaning::new(&steps.iter().copied().collect());
            let words: Vec<_> = text.split_whitespace().map(|word| cleaning.apply(word.to_owned())).collect();
            let left: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(cleaning.apply(text), left.join(" "));
        }
    }
}
