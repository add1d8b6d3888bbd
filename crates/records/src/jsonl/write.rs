//! Write a record as one line.

use std::io::Write;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Write `record` as one line.
///
/// # Errors
/// Writing fails; a broken pipe arrives as [`std::io::ErrorKind::BrokenPipe`].
pub fn write<T: Serialize>(output: &mut impl Write, record: &T) -> std::io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *output, EscapingFormatter);
    record.serialize(&mut serializer).map_err(std::io::Error::from)?;
    output.write_all(b"\n")
}

/// Compact, with escapes for characters that control a terminal or reverse the direction of text. JSON allows them, but
/// people look at streams.
struct EscapingFormatter;

impl Formatter for EscapingFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, output: &mut W, fragment: &str) -> std::io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_terminal_control) {
            let (before, control) = rest.split_at(at);
            let mut letters = control.chars();
            output.write_all(before.as_bytes())?;
            write!(output, "\\u{:04x}", letters.next().map_or(0, u32::from))?;
            rest = letters.as_str();
        }
        output.write_all(rest.as_bytes())
    }
}

fn is_terminal_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_written_steers_a_terminal() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({"id": "\u{9b}31m\u{202e}é\u{7f}\u{1b}"})).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"id\":\"\\u009b31m\\u202eé\\u007f\\u001b\"}\n");
    }
}
