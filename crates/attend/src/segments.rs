//! A text cut where its tokens lie, so that it can be shown as it was written.

use std::borrow::Cow;
use std::ops::Range;

use tokens::{MARKUP, Spanned};

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Segment<'a> {
    /// What some tokens stand for, mostly one; `[CLS]` and `[SEP]` stand for themselves.
    Tokens {
        /// Their places.
        tokens: Range<usize>,
        /// As written.
        text: Cow<'a, str>,
        /// Whether it goes on with the word before it.
        joins: bool,
    },
    /// White space, and what the clean-up took away.
    Between(Cow<'a, str>),
    /// So many characters that the model did not read.
    Unread(usize),
}

/// Letters that a cleaning, of stop words say, may take between two tokens.
const CLEANED_UP: usize = 40;

/// The text token by token; what several tokens stand for together is one segment. Where no cleaning is asked for, every
/// letter that was read is in a token.
pub(crate) fn pieces<'a>(text: &'a str, tokens: &[Spanned], is_cleaned: bool) -> Vec<Segment<'a>> {
    let between = |gap| between(gap, if is_cleaned { CLEANED_UP } else { 0 });
    let (mut segments, mut end): (Vec<Segment>, usize) = (Vec::new(), 0);
    for (place, token) in tokens.iter().enumerate() {
        let Some(span) = &token.span else {
            if place + 1 == tokens.len() {
                segments.extend(between(&text[end..]));
                end = text.len();
            }
            segments.push(Segment::Tokens { tokens: place..place + 1, text: token.token.clone().into(), joins: false });
            continue;
        };
        if span.end <= end {
            widen(&mut segments, place);
            continue;
        }
        let start = span.start.max(end);
        let gap = between(&text[end..start]);
        let joins = gap.is_none() && token.token.starts_with("##");
        segments.extend(gap);
        segments.push(Segment::Tokens { tokens: place..place + 1, text: harmless(&text[start..span.end]), joins });
        end = span.end;
    }
    segments
}

/// One more token for the last segment that has any.
fn widen(segments: &mut [Segment], place: usize) {
    if let Some(Segment::Tokens { tokens, .. }) = segments.last_mut() {
        tokens.end = place + 1;
    }
}

/// Word pieces put together again.
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

/// A gap with more letters and digits than the clean-up may have taken was not read.
fn between(gap: &str, cleaned_up: usize) -> Option<Segment<'_>> {
    let written: Cow<str> = if gap.contains(MARKUP) { gap.replace(MARKUP, "\n").into() } else { gap.into() };
    match written.chars().filter(|letter| letter.is_alphanumeric()).count() {
        _ if gap.is_empty() => None,
        unread if unread > cleaned_up => Some(Segment::Unread(gap.trim().chars().count())),
        _ => Some(Segment::Between(match written {
            Cow::Borrowed(written) => harmless(written),
            Cow::Owned(written) => harmless(&written).into_owned().into(),
        })),
    }
}

/// Without what would steer a terminal or turn the reading direction: each such character shows as `\u{fffd}`.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |letter: char| {
        (letter.is_control() && letter != '\n' && letter != '\t')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match text.contains(steers) {
        true => text.replace(steers, "\u{fffd}").into(),
        false => text.into(),
    }
}

impl Segment<'_> {
    /// The tokens in it.
    pub(crate) fn tokens(&self) -> Range<usize> {
        if let Segment::Tokens { tokens, .. } = self { tokens.clone() } else { 0..0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::subject;
    use proptest::prelude::*;

    fn cut(text: &str, join: bool) -> String {
        let tokens = subject().tokenizer.spans(text).unwrap();
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
    fn what_would_steer_a_terminal_or_turn_the_line_does_not() {
        assert_eq!(harmless("a\u{1b}[31m\u{202e}b\n"), "a\u{fffd}[31m\u{fffd}b\n");
        assert!(matches!(harmless("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn every_token_is_in_one_segment_and_no_letter_is_lost(
            words in proptest::collection::vec("[a-zé,.!]{1,9}|<br />|🎬| {1,2}|naïve|\u{301}", 0..30),
        ) {
            let text = words.concat();
            let tokens = subject().tokenizer.spans(&text).unwrap();
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
