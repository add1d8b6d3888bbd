//! Read and write JSON Lines; errors name file and line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use crate::Error;

/// A line longer than this is no record of ours: 64 MiB.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// Reads one record a line. Blank lines are skipped, `\r\n` and a leading byte-order mark are allowed.
pub struct Reader<T, R> {
    name: String,
    input: R,
    line: usize,
    buffer: Vec<u8>,
    record: PhantomData<T>,
}

impl<T: DeserializeOwned> Reader<T, BufReader<File>> {
    /// Read the file at `path`.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| Error::io("reading", path, e))?;
        Ok(Self::new(path.display().to_string(), BufReader::with_capacity(1 << 20, file)))
    }
}

impl<T: DeserializeOwned, R: Read> Reader<T, BufReader<R>> {
    /// The lines that are there already, one at least and `most` at most; none at the end. Only the first one is waited
    /// for, so that whoever writes lines slowly gets an answer to each.
    ///
    /// # Errors
    /// The input cannot be read, or a line is no such record.
    pub fn next_batch(&mut self, most: usize) -> Result<Vec<T>, Error> {
        let mut batch: Vec<T> = self.next().transpose()?.into_iter().collect();
        while !batch.is_empty() && batch.len() < most && self.is_line_waiting() {
            match self.next().transpose()? {
                Some(record) => batch.push(record),
                None => break,
            }
        }
        Ok(batch)
    }

    fn is_line_waiting(&self) -> bool {
        self.input.buffer().contains(&b'\n')
    }
}

impl<T: DeserializeOwned, R: BufRead> Reader<T, R> {
    /// Read from `input`, called `name` in errors.
    pub fn new(name: impl Into<String>, input: R) -> Self {
        Reader { name: name.into(), input, line: 0, buffer: Vec::new(), record: PhantomData }
    }

    /// The number of the line read last, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// An error that names the line read last.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::Line { name: self.name.clone(), line: self.line, message: message.into() }
    }

    fn read_line(&mut self) -> Result<bool, Error> {
        self.buffer.clear();
        self.line += 1;
        let read = self.input.by_ref().take(LONGEST_LINE_BYTES).read_until(b'\n', &mut self.buffer);
        match read.map_err(|e| self.error(e.to_string()))? as u64 {
            LONGEST_LINE_BYTES => Err(self.error("a line of 64 MiB or more is no record")),
            length => Ok(length > 0),
        }
    }

    /// Go to the next line that is not blank; `false` at the end.
    ///
    /// # Errors
    /// The input cannot be read, or a line is too long to be a record.
    pub fn advance(&mut self) -> Result<bool, Error> {
        while self.read_line()? {
            if !self.text().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The line that [`Reader::advance`] went to as a record of any kind, which may borrow from it.
    ///
    /// # Errors
    /// The line is no such record. An array is none: serde would take its values for the fields in their order.
    pub fn parse<'a, U: Deserialize<'a>>(&'a self) -> Result<U, Error> {
        if self.text().starts_with(b"[") {
            return Err(self.error("column 1: expected a record, `{…}`, found an array"));
        }
        serde_json::from_slice(self.text()).map_err(|e| self.error(plain(&e)))
    }

    fn text(&self) -> &[u8] {
        let start = if self.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        self.buffer[start..].trim_ascii()
    }
}

/// serde_json's sentence without its own "at line 1": the line is named already.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(sentence) => format!("column {}: {sentence}", error.column()),
        None => text,
    }
}

impl<T: DeserializeOwned, R: BufRead> Iterator for Reader<T, R> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(false) => None,
            Ok(true) => Some(self.parse()),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Write `record` as one line.
///
/// # Errors
/// The output refuses the bytes; a broken pipe arrives as [`std::io::ErrorKind::BrokenPipe`].
pub fn write<T: Serialize>(output: &mut impl Write, record: &T) -> std::io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *output, Harmless);
    record.serialize(&mut serializer).map_err(std::io::Error::from)?;
    output.write_all(b"\n")
}

/// Compact, with escapes for what would steer a terminal or turn the order of what it shows, which JSON itself allows: a
/// stream may be looked at.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, output: &mut W, fragment: &str) -> std::io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(steers) {
            let (before, steering) = rest.split_at(at);
            let mut letters = steering.chars();
            output.write_all(before.as_bytes())?;
            write!(output, "\\u{:04x}", letters.next().map_or(0, u32::from))?;
            rest = letters.as_str();
        }
        output.write_all(rest.as_bytes())
    }
}

fn steers(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(text: &[u8]) -> Vec<Result<Value, Error>> {
        Reader::new("it", text).collect()
    }

    #[test]
    fn byte_order_mark_crlf_blank_lines_and_a_missing_last_newline_are_read() {
        let records: Vec<Value> = read(b"\xef\xbb\xbf{\"a\":1}\r\n\r\n{\"a\":2}").into_iter().flatten().collect();
        assert_eq!(records, [json!({"a":1}), json!({"a":2})]);
    }

    #[test]
    fn a_wrong_line_is_named_by_its_number() {
        let message = read(b"{}\n\n{\"a\":\n").remove(1).unwrap_err().to_string();
        assert!(message.starts_with("`it`, line 3: column"), "{message}");
    }

    #[test]
    fn an_array_is_no_record_though_its_values_were_those_of_the_fields() {
        #[derive(Deserialize)]
        struct Named {
            _id: String,
        }
        let records: Vec<_> = Reader::<Named, _>::new("it", &b"{\"_id\":\"a\"}\n[\"a\"]\n"[..]).collect();
        assert!(records[0].is_ok());
        assert!(records[1].as_ref().err().unwrap().to_string().contains("line 2: column 1: expected a record"));
    }

    #[test]
    fn nothing_written_steers_a_terminal() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({"id": "\u{9b}31m\u{202e}é\u{7f}\u{1b}"})).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"id\":\"\\u009b31m\\u202eé\\u007f\\u001b\"}\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(texts in proptest::collection::vec(any::<String>(), 0..8)) {
            let mut bytes = Vec::new();
            for text in &texts {
                write(&mut bytes, &json!({ "text": text })).unwrap();
            }
            let back: Vec<String> = read(&bytes).into_iter().map(|r| r.unwrap()["text"].as_str().unwrap().to_owned()).collect();
            prop_assert_eq!(back, texts);
        }

        /// serde_json without `float_roundtrip` is one unit in the last place off now and then.
        #[test]
        fn a_number_is_read_as_it_was_written(numbers in proptest::collection::vec(proptest::num::f64::NORMAL, 99)) {
            let mut bytes = Vec::new();
            write(&mut bytes, &json!({ "numbers": numbers })).unwrap();
            let back: Vec<f64> = serde_json::from_value(read(&bytes)[0].as_ref().unwrap()["numbers"].clone()).unwrap();
            prop_assert_eq!(back, numbers);
        }
    }
}
