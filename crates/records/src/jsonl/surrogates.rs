//! Half an emoji: a UTF-16 surrogate without its other half, from a text that was cut. Python writes and reads it.

use std::ops::RangeInclusive;

const HIGH: RangeInclusive<u16> = 0xd800..=0xdbff;
/// The first of the three bytes of a surrogate, and of some characters.
const ED: u8 = 0xed;
const LOW: RangeInclusive<u16> = 0xdc00..=0xdfff;

/// Put U+FFFD, the replacement character, in the place of every lone surrogate of a line of JSON, as an escape (`\ud83d`)
/// and as three bytes (`ensure_ascii=False`, `surrogatepass`). The length of the line stays.
pub(super) fn replace_lone(line: &mut [u8]) {
    if line.contains(&b'\\') {
        replace_escapes(line);
    }
    if line.contains(&ED) {
        replace_encoded(line);
    }
}

fn replace_escapes(line: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = position(line, at, b'\\') {
        let unit = escape(line, found).filter(|unit| HIGH.contains(unit) || LOW.contains(unit));
        let next = escape(line, found + 6).filter(|unit| LOW.contains(unit));
        at = found
            + match (unit, next) {
                (None, _) => 2, // the byte behind `\` is part of the escape, be it a `\`
                (Some(high), Some(_)) if HIGH.contains(&high) => 12,
                (Some(_), _) => {
                    line[found..found + 6].copy_from_slice(b"\\ufffd");
                    6
                }
            };
    }
}

/// The UTF-16 unit of the escape at `at`: `\u` and four hexadecimal digits.
fn escape(line: &[u8], at: usize) -> Option<u16> {
    let digits = line.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// UTF-8 has no characters from ED A0 80 to ED BF BF.
fn replace_encoded(line: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = position(line, at, ED) {
        if let Some([_, 0xa0..=0xbf, 0x80..=0xbf]) = line.get(found..found + 3) {
            line[found..found + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
        at = found + 1;
    }
}

fn position(line: &[u8], from: usize, byte: u8) -> Option<usize> {
    line.get(from..)?.iter().position(|&there| there == byte).map(|distance| from + distance)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn replaced(line: &[u8]) -> String {
        let mut line = line.to_vec();
        super::replace_lone(&mut line);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn half_a_pair_is_replaced_and_a_whole_one_stays() {
        for (json, text) in [
            (r#""bon \ud83d x""#, "bon \u{fffd} x"),
            (r#""\uDE00 x""#, "\u{fffd} x"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\\ud83d \\\ud83d \"""#, "\\ud83d \\\u{fffd} \""),
            (r#""\ud7ff\ue000\u00e9""#, "\u{d7ff}\u{e000}\u{e9}"),
        ] {
            assert_eq!(replaced(json.as_bytes()), text, "{json}");
        }
        assert_eq!(replaced(b"\"a \xed\xa0\xbd b \xed\x9f\xbf\""), "a \u{fffd} b \u{d7ff}");
    }

    proptest! {
        #[test]
        fn whole_texts_stay_as_they_are_and_no_bytes_are_too_odd(text: String, bytes: Vec<u8>) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(replaced(json.as_bytes()), text.clone());
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            prop_assert_eq!(replaced(format!("\"{units}\"").as_bytes()), text);
            let mut line = bytes.clone();
            super::replace_lone(&mut line);
            prop_assert_eq!(line.len(), bytes.len());
        }
    }
}
