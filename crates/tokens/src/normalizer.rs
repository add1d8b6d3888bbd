//! Bounds on what a normalizer of a `tokenizer.json` may do to a text: a small file could otherwise exhaust memory.

use tokenizers::NormalizerWrapper;
use tokenizers::normalizers::Precompiled;

/// Upper bound on the bytes that may come of one byte. SentencePiece's own normalizer has 99: its longest replacement
/// has 33 bytes, and it puts the three bytes of `▁` in place of a space.
const MOST_GROWTH: usize = 128;

/// Refuse a normalizer that could lengthen a text without bound or fail on it.
///
/// # Errors
/// A replacement is too long, or the table of `Precompiled` is damaged.
pub(crate) fn check(normalizer: Option<&NormalizerWrapper>) -> Result<(), String> {
    match normalizer.map_or(Ok(1), growth)? {
        0..=MOST_GROWTH => Ok(()),
        _ => {
            Err("has a `normalizer` that may make a text more than 128 times as long, which is not supported: shorten \
                  its replacements"
                .to_owned())
        }
    }
}

/// Bytes that may come of one byte; of Unicode's own normal forms, which are bounded, one.
fn growth(normalizer: &NormalizerWrapper) -> Result<usize, String> {
    use NormalizerWrapper::{ByteLevel, Precompiled, Prepend, Replace, Sequence};
    match normalizer {
        Sequence(steps) => steps.as_ref().iter().try_fold(1_usize, |all, step| Ok(all.saturating_mul(growth(step)?))),
        Replace(replace) => Ok(replace.content.len().max(1)),
        Prepend(prepend) => Ok(prepend.prepend.len() + 1),
        ByteLevel(_) => Ok(2),
        Precompiled(table) => longest_replacement(table),
        _ => Ok(1),
    }
}

/// SentencePiece's table: the bytes of a double-array trie, its units, and texts that end at NUL.
///
/// # Errors
/// A unit of the trie points outside of it, or to no text.
fn longest_replacement(table: &Precompiled) -> Result<usize, String> {
    let damaged = || "has a damaged `precompiled_charsmap` under `normalizer`: get the file again".to_owned();
    let written = serde_json::to_value(table).map_err(|e| e.to_string())?;
    let bytes = base64(written["precompiled_charsmap"].as_str().unwrap_or_default());
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (trie, texts) = rest.split_at_checked(u32::from_le_bytes(*length) as usize / 4 * 4).ok_or_else(damaged)?;
    let units: Vec<usize> =
        trie.chunks_exact(4).map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]) as usize).collect();
    let texts = std::str::from_utf8(texts).map_err(|_| damaged())?;
    let is_text = |value: usize| texts.is_char_boundary(value & !LEAF);
    let holds = |(place, unit): (usize, &usize)| {
        let next = place ^ ((unit >> 10) << ((unit & (1 << 9)) >> 6));
        let is_inside = (next | 0xff) < units.len();
        place > 0 && unit & LEAF != 0 || is_inside && (unit & (1 << 8) == 0 || is_text(units[next]))
    };
    match !units.is_empty() && units.iter().enumerate().all(holds) {
        true => Ok(texts.split('\0').map(str::len).max().unwrap_or_default().max(1)),
        false => Err(damaged()),
    }
}

/// The bit of a unit that holds a value instead of a child.
const LEAF: usize = 1 << 31;

/// The bytes that `text` writes in base64, of which a reader has checked the digits.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(text.len() / 4 * 3), 0, 0);
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte)) {
        bits = (bits << 6 | digit) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
