//! A cleaned text that maps each byte to the original text.

use std::borrow::Cow;
use std::ops::Range;

/// A cleaned text; each of its bytes knows the bytes of the original that it stands for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Traced {
    pub(crate) text: String,
    origins: Vec<(usize, usize)>,
}

/// The source's reviews use this for a line break.
pub const MARKUP: &str = "<br />";

impl Traced {
    /// The text of [`crate::markup::without_markup`].
    pub(crate) fn without_markup(text: &str) -> Self {
        let mut clean = Traced::default();
        let mut line_start = 0;
        for line in text.split(MARKUP) {
            let mut start = line_start;
            for word in line.split(' ') {
                clean.push_word(word.into(), (0..word.len()).map(|byte| (start + byte, start + byte + 1)));
                start += word.len() + 1;
            }
            line_start += line.len() + MARKUP.len();
        }
        clean.trimmed()
    }

    /// The text in which `word` replaces each word between white space; all of a replacement stands for the whole word.
    pub(crate) fn mapped(&self, word: impl Fn(&str) -> String) -> Self {
        let mut mapped = Traced::default();
        for found in self.text.split_whitespace() {
            let start = found.as_ptr() as usize - self.text.as_ptr() as usize;
            let whole = self.range(start..start + found.len());
            let becomes = word(found);
            let origins = std::iter::repeat_n((whole.start, whole.end), becomes.len());
            mapped.push_word(becomes.into(), origins);
        }
        mapped
    }

    /// The bytes of the original for a non-empty range of this text.
    pub(crate) fn range(&self, bytes: Range<usize>) -> Range<usize> {
        self.origins[bytes.start].0..self.origins[bytes.end - 1].1
    }

    /// Append a word after a space; an empty word is skipped.
    fn push_word(&mut self, word: Cow<str>, origins: impl Iterator<Item = (usize, usize)>) {
        if word.is_empty() {
            return;
        }
        if let Some(&(_, end)) = self.origins.last() {
            self.text.push(' ');
            self.origins.push((end, end));
        }
        self.text += &word;
        self.origins.extend(origins);
    }

    fn trimmed(mut self) -> Self {
        self.text.truncate(self.text.trim_end().len());
        let outside = self.text.len() - self.text.trim_start().len();
        self.text.drain(..outside);
        self.origins.drain(..outside);
        self.origins.truncate(self.text.len());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::without_markup;
    use proptest::prelude::*;

    #[test]
    fn every_byte_knows_its_origin() {
        let text = " Good<br /><br />old \u{a0} film ";
        let traced = Traced::without_markup(text);
        assert_eq!(traced.text, "Good old \u{a0} film");
        let of = |part: &str| {
            let start = traced.text.find(part).unwrap();
            &text[traced.range(start..start + part.len())]
        };
        assert_eq!([of("Good"), of("old"), of("film"), of("oo")], ["Good", "old", "film", "oo"]);
    }

    #[test]
    fn a_mapped_word_stands_for_the_whole_word() {
        let text = "<br />The filmed, story";
        let mapped = Traced::without_markup(text).mapped(|word| word.trim_end_matches("ed,").replace("The", ""));
        assert_eq!(mapped.text, "film story");
        assert_eq!((&text[mapped.range(1..2)], &text[mapped.range(5..10)]), ("filmed,", "story"));
    }

    proptest! {
        #[test]
        fn the_text_is_clean_and_every_origin_is_right(
            words in proptest::collection::vec("[a-zé🎬]{1,4}|<br />| {1,3}|\n|\u{a0}", 0..20),
        ) {
            let raw = words.concat();
            let traced = Traced::without_markup(&raw);
            prop_assert_eq!(&traced.text, &without_markup(&raw));
            prop_assert_eq!(traced.text.len(), traced.origins.len());
            for (start, letter) in traced.text.char_indices().filter(|(_, letter)| *letter != ' ') {
                prop_assert_eq!(&raw[traced.range(start..start + letter.len_utf8())], letter.to_string());
            }
        }
    }
}
