//! Numbers on the command line.

use std::num::NonZeroUsize;

/// The parser of every argument that is a [`NonZeroUsize`]: clap would show the words of the standard library.
///
/// # Errors
/// `text` is not a whole number from 1.
pub fn from_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "expected a whole number from 1")
}

#[cfg(test)]
mod tests {
    use super::from_one;

    #[test]
    fn a_number_below_one_and_a_word_are_refused_in_plain_english() {
        assert_eq!(from_one("12").map(usize::from), Ok(12));
        for text in ["0", "-1", "1.5", "five", ""] {
            assert_eq!(from_one(text), Err("expected a whole number from 1"), "{text}");
        }
    }
}
