//! Split a text at its tokens, so that it is shown as it was written.

use std::borrow::Cow;
use std::ops::Range;

use tokens::{MARKUP, Spanned};

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Segment<'a> {
    /// The text of one or more tokens; `[CLS]` and `[SEP]` show their names.
    Tokens {
        /// Token indices.
        tokens: Range<usize>,
        /// The characters as written.
        text: Cow<'a, str>,
        /// Whether it continues the word before it.
        joins: bool,
    },
    /// White space, and text that the cleaning removed.
    Between(Cow<'a, str>),
    /// The number of characters that the model did not read.
    Unread(usize),
}

/// Upper bound on letters that a cleaning, such as that of stop words, removes between two tokens.
const MOST_CLEANED: usize = 40;

/// The text token by token; tokens of the same characters share one segment, and a token of white space shares that of the
/// token after it. Without cleaning, every letter that was read is in a token.
pub(crate) fn pieces<'a>(text: &'a str, tokens: &[Spanned], is_cleaned: bool) -> Vec<Segment<'a>> {
    let between = |gap| between(gap, if is_cleaned { MOST_CLEANED } else { 0 });
    let (mut segments, mut end, mut first): (Vec<Segment>, usize, usize) = (Vec::new(), 0, 0);
    for (place, token) in tokens.iter().enumerate() {
        let is_last = place + 1 == tokens.len();
        match &token.span {
            None if place == 0 || is_last => {
                if is_last {
                    widen(&mut segments, place);
                    segments.extend(between(&text[end..]));
                    end = text.len();
                }
                let name = token.token.clone().into();
                segments.push(Segment::Tokens { tokens: place..place + 1, text: name, joins: false });
            }
            None => continue,
            Some(span) if span.end <= end => widen(&mut segments, place + 1),
            Some(span) => {
                let start = span.start.max(end);
                let gap = between(&text[end..start]);
                let joins = gap.is_none() && token.continues;
                segments.extend(gap);
                let text = printable(&text[start..span.end]);
                segments.push(Segment::Tokens { tokens: first..place + 1, text, joins });
                end = span.end;
            }
        }
        first = place + 1;
    }
    segments
}

/// Add the tokens before `end` to the last segment with tokens.
fn widen(segments: &mut [Segment], end: usize) {
    if let Some(Segment::Tokens { tokens, .. }) = segments.last_mut() {
        tokens.end = end;
    }
}

/// Join word pieces to words.
pub(crate) fn words(pieces: Vec<Segment>) -> Vec<Segment> {
    let mut words: Vec<Segment> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (words.last_mut(), piece) {
            (Some(Segment::Tokens { tokens: word, text, .. }), Segment::Tokens { tokens, text: more, joins: true }) => {
                word.end = tokens.end;
                text.to_mut().push_str(&more);
            }
            (_, piece) => words.push(piece),
        }
    }
    words
}

/// A gap with more letters and digits than `cleaned_up` was not read.
fn between(gap: &str, cleaned_up: usize) -> Option<Segment<'_>> {
    let written: Cow<str> = if gap.contains(MARKUP) { gap.replace(MARKUP, "\n").into() } else { gap.into() };
    match written.chars().filter(|letter| letter.is_alphanumeric()).count() {
        _ if gap.is_empty() => None,
        unread if unread > cleaned_up => Some(Segment::Unread(gap.trim().chars().count())),
        _ => Some(Segment::Between(match written {
            Cow::Borrowed(written) => printable(written),
            Cow::Owned(written) => printable(&written).into_owned().into(),
        })),
    }
}

/// `text` with `\u{fffd}` in place of characters that control a terminal or the reading direction.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_control = |letter: char| {
        (letter.is_control() && letter != '\n' && letter != '\t')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match text.contains(is_control) {
        true => text.replace(is_control, "\u{fffd}").into(),
        false => text.into(),
    }
}

impl Segment<'_> {
    /// Token indices; empty for a segment without tokens.
    pub(crate) fn tokens(&self) -> Range<usize> {
        if let Segment::Tokens { tokens, .. } = self { tokens.clone() } else { 0..0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::model;
    use proptest::prelude::*;

    fn cut(text: &str, join: bool) -> String {
        let tokens = model().tokenizer.spans(text).unwrap();
        let pieces = pieces(text, &tokens, false);
        let part = |segment: Segment| match segment {
            Segment::Tokens { text, .. } => format!("|{text}|"),
            Segment::Between(text) => text.into_owned(),
            Segment::Unread(letters) => format!("<{letters}>"),
        };
        if join { words(pieces) } else { pieces }.into_iter().map(part).collect()
    }

    #[test]
    fn a_text_is_shown_as_it_was_written() {
        assert_eq!(
            cut("Dull<br /><br />plot,  Amélie!", false),
            "|[CLS]||D||ul||l|\n\n|plot||,|  |A||mé||l||i||e||!||[SEP]|"
        );
        assert!(
            cut(&"dull plot ".repeat(20), true).ends_with("|dul|<146>|[SEP]|"),
            "{}",
            cut(&"dull plot ".repeat(20), true)
        );
        assert_eq!(cut("Dull plot, Amélie!", true), "|[CLS]||Dull| |plot||,| |Amélie||!||[SEP]|");
    }

    #[test]
    fn a_token_of_white_space_belongs_to_the_word_after_it() {
        let text = "A film";
        let parts = [("A", 0..1, false), ("Ġ", 2..2, false), ("fi", 2..4, true), ("lm", 4..6, true)];
        let special = |token: &str| Spanned { id: 0, token: token.to_owned(), span: None, continues: false };
        let inner = |(token, span, continues): (&str, Range<usize>, bool)| Spanned {
            span: Some(span).filter(|span| !span.is_empty()),
            continues,
            ..special(token)
        };
        let tokens = [vec![special("<s>")], parts.map(inner).to_vec(), vec![special("</s>")]].concat();
        let words: Vec<Range<usize>> = words(pieces(text, &tokens, false)).iter().map(Segment::tokens).collect();
        assert_eq!(words, [0..1, 1..2, 0..0, 2..5, 5..6]);
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(printable("a\u{1b}[31m\u{202e}b\n"), "a\u{fffd}[31m\u{fffd}b\n");
        assert!(matches!(printable("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn every_token_is_in_one_segment_and_every_letter_is_shown(
            words in proptest::collection::vec("[a-zé,.!]{1,9}|<br />|🎬| {1,2}|naïve|\u{301}", 0..30),
        ) {
            let text = words.concat();
            let tokens = model().tokenizer.spans(&text).unwrap();
            let pieces = pieces(&text, &tokens, false);
            let places: Vec<usize> = pieces.iter().flat_map(Segment::tokens).collect();
            prop_assert_eq!(places, (0..tokens.len()).collect::<Vec<_>>());
            let written: String = pieces[1..pieces.len() - 1].iter().map(|segment| match segment {
                Segment::Tokens { text, .. } | Segment::Between(text) => text.to_string(),
                Segment::Unread(_) => String::new(),
            }).collect();
            if !pieces.iter().any(|segment| matches!(segment, Segment::Unread(_))) {
                prop_assert_eq!(written, text.replace("<br />", "\n"));
            }
        }
    }
}
