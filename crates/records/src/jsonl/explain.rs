//! What is wrong with a line, in words.

use serde_json::error::Category;

/// The fault of `line`: bytes that are not UTF-8, a word that is not JSON, or serde_json's sentence without its own
/// "at line 1", because the line is named already.
pub(super) fn explain(line: &[u8], error: &serde_json::Error) -> String {
    if let Err(e) = std::str::from_utf8(line) {
        return format!("column {}: the text is not UTF-8; save the file as UTF-8", e.valid_up_to() + 1);
    }
    let (text, column) = (error.to_string(), error.column());
    let in_its_line = line.split(|&byte| byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let rest = in_its_line.get(column.saturating_sub(1)..).unwrap_or_default();
    if let Some(word) = ["NaN", "Infinity"].into_iter().find(|word| rest.starts_with(word.as_bytes())) {
        return format!("column {column}: `{word}` is not JSON; write a value, or leave the line out");
    }
    let place = format!(" at line {} column {column}", error.line());
    let sentence = text.strip_suffix(&place).map_or_else(|| text.clone(), |said| format!("column {column}: {said}"));
    match error.classify() {
        Category::Eof if line == b"{" => {
            "the record ends on another line; write one record a line, or all in one array `[…]`".to_owned()
        }
        Category::Eof => format!("column {column}: the line ends too early; a `}}` or `\"` is missing"),
        Category::Syntax if !line.starts_with(b"{") => {
            format!("column {column}: not JSON Lines; write one object `{{…}}` a line")
        }
        Category::Syntax => format!("{sentence} (not JSON)"),
        _ => study::with_nearest(sentence),
    }
}
