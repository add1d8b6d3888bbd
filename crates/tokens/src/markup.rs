//! Remove markup as the source does, but keep words apart.

/// Replace `<br />` by a space, trim outer white space, and merge spaces.
///
/// The source replaces `<br />` by nothing, so that `end<br /><br />Next` becomes one word, `endNext`; a space keeps
/// them two words and costs no token.
pub(crate) fn without_markup(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let words = text.split("<br />").flat_map(|line| line.split(' '));
    for word in words.filter(|word| !word.is_empty()) {
        clean += if clean.is_empty() { "" } else { " " };
        clean += word;
    }
    match clean.trim() {
        trimmed if trimmed.len() == clean.len() => clean,
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_markup;
    use proptest::prelude::*;

    #[test]
    fn markup_and_extra_spaces_are_removed_and_words_stay_apart() {
        let cases = [
            ("end<br /><br />Next", "end Next"),
            ("  a   b\t c ", "a b\t c"),
            ("<br />\n a<br />", "a"),
            ("<br> and <i>other</i> markup stays", "<br> and <i>other</i> markup stays"),
            ("<br /> \u{a0}<br />", ""),
            ("", ""),
        ];
        for (raw, cleaned) in cases {
            assert_eq!(without_markup(raw), cleaned, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn only_spaces_and_markup_are_lost(words in proptest::collection::vec("[a-zé.]{1,4}|<br />| {1,3}", 0..20)) {
            let letters = |text: &str| text.replace("<br />", "").replace(' ', "");
            let raw = words.concat();
            let cleaned = without_markup(&raw);
            prop_assert_eq!(letters(&cleaned), letters(&raw));
            prop_assert!(!cleaned.contains("  ") && cleaned.trim() == cleaned);
        }
    }
}
