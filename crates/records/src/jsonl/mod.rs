//! Read and write JSON Lines, and read a JSON array; errors name file and line.

mod array;
mod explain;
mod surrogates;
mod write;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Value;

use crate::{Error, fields};
use array::Array;
use explain::explain;

pub use write::write;

/// The limit on the length of a line or an element: 64 MiB.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// Reads one record a line. It skips blank lines, allows `\r\n` and a leading byte-order mark, and replaces half a
/// surrogate pair by U+FFFD.
pub struct Reader<T, R> {
    name: String,
    input: R,
    line: usize,
    /// Where the elements of one array are read, and not lines.
    array: Option<Array>,
    buffer: Vec<u8>,
    /// The error that ended a batch; the records before it come first.
    failed: Option<Error>,
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
    /// The records that have arrived, with their ids as of [`Reader::next_with_id`]: at least one and at most `most`;
    /// none at the end. It waits only for the first, so that each of slowly written lines is answered at once.
    ///
    /// # Errors
    /// The input cannot be read, or a line is not such a record. The records before it are returned first.
    pub fn next_batch(&mut self, most: usize) -> Result<Vec<(String, T)>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut batch: Vec<_> = self.next_with_id()?.into_iter().collect();
        while !batch.is_empty() && batch.len() < most && self.is_line_waiting() {
            match self.next_with_id() {
                Ok(Some(record)) => batch.push(record),
                Ok(None) => break,
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
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
        let (name, record) = (name.into(), PhantomData);
        Reader { name, input, line: 0, array: None, buffer: Vec::new(), failed: None, record }
    }

    /// Read the elements of one JSON array, in constant memory. Everything is as for lines, but a record without an id
    /// has the number of its element.
    pub fn of_array(name: impl Into<String>, input: R) -> Self {
        Reader { array: Some(Array::default()), ..Self::new(name, input) }
    }

    /// The number of the line read last, or of the line where the last element begins, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The number of the line or the element read last, counted from 1.
    pub fn number(&self) -> usize {
        self.array.as_ref().map_or(self.line, |array| array.number)
    }

    /// An error that names the line read last.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::Line { name: self.name.clone(), line: self.line, message: message.into() }
    }

    fn read_record(&mut self) -> Result<bool, Error> {
        self.buffer.clear();
        if let Some(array) = &mut self.array {
            let read = array.next(&mut self.input, &mut self.buffer);
            self.line = array.line;
            let is_there = read.map_err(|message| self.error(message))?;
            surrogates::replace_lone(&mut self.buffer);
            return Ok(is_there);
        }
        self.line += 1;
        let read = self.input.by_ref().take(LONGEST_LINE_BYTES).read_until(b'\n', &mut self.buffer);
        match read.map_err(|e| self.error(e.to_string()))? as u64 {
            LONGEST_LINE_BYTES => Err(self.error("the line is longer than 64 MiB; write one record a line")),
            length => {
                surrogates::replace_lone(&mut self.buffer);
                Ok(length > 0)
            }
        }
    }

    /// The next record and its id: the string or the number of its field `id`, with the digits as they are written;
    /// without one, or with `null`, the number of the line.
    ///
    /// # Errors
    /// The input cannot be read, or the line is not such a record, or its `id` is neither a string nor a number.
    pub fn next_with_id(&mut self) -> Result<Option<(String, T)>, Error> {
        let Some(record) = self.next().transpose()? else { return Ok(None) };
        let WithId { id } = self.parse()?;
        Ok(Some((self.id("id", id)?, record)))
    }

    /// The id of the record read last, whose field `key` holds `found`, as of [`Reader::next_with_id`].
    ///
    /// # Errors
    /// It is neither a string nor a number.
    pub fn id(&self, key: &str, found: Option<Value>) -> Result<String, Error> {
        fields::id(found, key, self.text(), self.number()).map_err(|message| self.error(message))
    }

    /// Go to the next record: a line that is not blank, or an element; `false` at the end.
    ///
    /// # Errors
    /// The input cannot be read, or a line or an element is too long.
    pub fn advance(&mut self) -> Result<bool, Error> {
        while self.read_record()? {
            if !self.text().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Read the line that [`Reader::advance`] went to as a record of any kind, which may borrow from it.
    ///
    /// # Errors
    /// The line is not such a record. An array is refused: serde would take its values for the fields in their order.
    pub fn parse<'a, U: Deserialize<'a>>(&'a self) -> Result<U, Error> {
        self.parse_as(PhantomData)
    }

    /// [`Reader::parse`] with a `seed`, which knows more of the record than its type says.
    ///
    /// # Errors
    /// As [`Reader::parse`].
    pub fn parse_as<'a, S: DeserializeSeed<'a>>(&'a self, seed: S) -> Result<S::Value, Error> {
        if self.text().starts_with(b"[") {
            return Err(self.error("column 1: expected a record, `{…}`, found an array"));
        }
        let mut json = serde_json::Deserializer::from_slice(self.text());
        let read = seed.deserialize(&mut json).and_then(|value| json.end().and(Ok(value)));
        read.map_err(|e| Error::Line {
            name: self.name.clone(),
            line: self.line + e.line().saturating_sub(1),
            message: explain(self.text(), &e),
        })
    }

    fn text(&self) -> &[u8] {
        let start = if self.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        self.buffer[start..].trim_ascii()
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

/// A record of which only the id is read.
#[derive(Deserialize)]
struct WithId {
    #[serde(default)]
    id: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

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
    fn what_is_not_json_or_not_utf_8_is_named_with_what_to_do() {
        let message = |line: &[u8]| read(line).remove(0).unwrap_err().to_string();
        for word in ["NaN", "Infinity", "-Infinity"] {
            let message = message(format!("{{\"text\": {word}}}").as_bytes());
            let says =
                format!(": `{}` is not JSON; write a value, or leave the line out", word.trim_start_matches('-'));
            assert!(message.starts_with("`it`, line 1: column ") && message.ends_with(&says), "{message}");
        }
        assert!(message(b"{\"text\": 5 \"NaN\"}").contains("expected `,`"));
        assert_eq!(
            message(b"{\n\"a\": 1\n}"),
            "`it`, line 1: the record ends on another line; write one record a line, or all in one array `[…]`"
        );
        let latin = message(b"{\"text\":\"caf\xe9\"}");
        assert_eq!(latin, "`it`, line 1: column 13: the text is not UTF-8; save the file as UTF-8");
    }

    #[test]
    fn half_an_emoji_is_read_as_the_replacement_character() {
        let records = read(b"{\"text\":\"bon \\ud83d x\"}\n{\"text\":\"\\ud83d\\ude00\"}");
        let texts: Vec<_> = records.into_iter().map(|record| record.unwrap()["text"].clone()).collect();
        assert_eq!(texts, ["bon \u{fffd} x", "\u{1f600}"]);
    }

    #[test]
    fn a_batch_ends_before_a_wrong_line_which_is_the_next_answer() {
        let text: &[u8] = b"{\"id\":18446744073709551616}\n\n{}\n{\"id\":[]}\n{\"id\":4}\n";
        let mut lines: Reader<Value, _> = Reader::new("it", BufReader::new(text));
        let ids = |batch: Vec<(String, Value)>| batch.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(ids(lines.next_batch(9).unwrap()), ["18446744073709551616", "3"]);
        let message = lines.next_batch(9).unwrap_err().to_string();
        assert_eq!(message, "`it`, line 4: `id` is a list; write a string or a number");
        assert_eq!(ids(lines.next_batch(9).unwrap()), ["4"]);
        assert!(lines.next_batch(9).unwrap().is_empty());
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
