//! Tables with a header: cells between commas, semicolons, tabs or `|`, quoted where they hold one or a line break.

use std::io::{BufRead, Error, ErrorKind};

use anyhow::{Result, anyhow, ensure};
use csv_core::{ReadRecordResult, ReaderBuilder};
use records::fields::Label;
use study::Data;

use crate::columns::Columns;
use crate::input::named;
use crate::quotes::Quotes;
use crate::reader::{Example, split_called};

/// The fault of a row whose quotes are not whole.
const LOOSE_QUOTE: &str = "a quote in this row is not closed, or stands inside a quoted cell; put the whole cell between \
                           quotes, and write a quote inside as two";

/// The limit on the length of a row: 64 MiB.
const LONGEST_ROW_BYTES: usize = 64 << 20;

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of one file, one at a time.
struct Rows {
    input: Box<dyn BufRead>,
    reader: csv_core::Reader,
    quotes: Quotes,
    /// The cells of the row read last, one behind the other, and where each ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
    width: usize,
    /// The line where that row begins, counted from 1.
    line: u64,
}

impl Rows {
    fn new(input: Box<dyn BufRead>, separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        let quotes = Quotes::new(separator);
        Rows { input, reader, quotes, cells: vec![0; 1 << 12], ends: vec![0; 16], width: 0, line: 1 }
    }

    /// Go to the next row that is not blank; `false` at the end.
    fn advance(&mut self) -> std::io::Result<bool> {
        let (mut length, mut written, mut width) = (0, 0, 0);
        self.line = self.reader.line();
        loop {
            let bytes = self.input.fill_buf()?;
            let (result, read, more, ended) =
                self.reader.read_record(bytes, &mut self.cells[written..], &mut self.ends[width..]);
            let is_cut = bytes.is_empty() && self.quotes.is_open();
            if is_cut || !self.quotes.follow(&bytes[..read]) {
                return Err(Error::new(ErrorKind::InvalidInput, LOOSE_QUOTE));
            }
            self.input.consume(read);
            (length, written, width) = (length + read, written + more, width + ended);
            if length > LONGEST_ROW_BYTES {
                return Err(Error::new(ErrorKind::FileTooLarge, "a row of more than 64 MiB; is a quote not closed?"));
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(2 * self.cells.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record | ReadRecordResult::End => {
                    self.width = width;
                    return Ok(matches!(result, ReadRecordResult::Record));
                }
            }
        }
    }

    fn cell(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.cells[start..self.ends[place]]
    }
}

/// A table with a header.
pub(crate) struct Table {
    name: String,
    rows: Rows,
    columns: Columns,
    places: Places,
    /// Cells in the header.
    width: usize,
    separator: u8,
    number: usize,
}

/// The place of each column in a row.
struct Places {
    text: usize,
    label: usize,
    id: Option<usize>,
    split: Option<usize>,
}

impl Table {
    /// `start` is how the file begins, at least its header.
    ///
    /// # Errors
    /// The header cannot be read, or a column is missing or ambiguous.
    pub(crate) fn new(name: String, start: &[u8], input: Box<dyn BufRead>, data: &Data) -> Result<Self> {
        let (separator, is_said) = said_separator(start).map_or((separator(start, &name), false), |said| (said, true));
        let mut rows = Rows::new(input, separator);
        for _ in 0..=usize::from(is_said) {
            rows.advance().map_err(|e| anyhow!("`{name}`, line {}: {e}", rows.line))?;
        }
        let line = rows.line;
        let cell = |place| String::from_utf8_lossy(rows.cell(place).trim_ascii()).into_owned();
        let header: Vec<String> = (0..rows.width).map(cell).collect();
        let there: Vec<&str> = header.iter().map(String::as_str).collect();
        let found = Columns::find(&there, data).map_err(|message| anyhow!("`{name}`, line {line}: {message}"))?;
        let place = |column: &str| there.iter().position(|there| *there == column);
        let places = Places {
            text: place(&found.text).unwrap_or_default(), // both were found there
            label: place(&found.label).unwrap_or_default(),
            id: found.id.as_deref().and_then(place),
            split: found.split.as_deref().and_then(place),
        };
        let width = rows.width;
        Ok(Table { name, rows, columns: found, places, width, separator, number: 0 })
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// A fault of the row read last, at the line where it begins.
    pub(crate) fn error(&self, message: &str) -> anyhow::Error {
        anyhow!("`{}`, line {}: {message}", self.name, self.rows.line)
    }

    pub(crate) fn next(&mut self) -> Result<Option<Example>> {
        if !self.rows.advance().map_err(|e| self.error(&e.to_string()))? {
            return Ok(None);
        }
        ensure!(self.rows.width == self.width, self.error(&self.other_width()));
        self.number += 1;
        let (text, label) = (self.cell(self.places.text)?.to_owned(), self.cell(self.places.label)?.trim());
        let [id, split] = [self.places.id, self.places.split].map(|place| match place {
            Some(place) => self.cell(place).map(|cell| Some(cell.trim()).filter(|cell| !cell.is_empty())),
            None => Ok(None),
        });
        let split = split?.map(split_called).transpose().map_err(|message| self.error(&message))?;
        Ok(Some(Example { id: id?.map(str::to_owned), split, label: Label::Name(label.to_owned()), text }))
    }

    fn cell(&self, place: usize) -> Result<&str> {
        std::str::from_utf8(self.rows.cell(place))
            .map_err(|_| self.error(&format!("column {}: the text is not UTF-8; save the file as UTF-8", place + 1)))
    }

    fn other_width(&self) -> String {
        let (found, expected) = (self.rows.width, self.width);
        let separator = match self.separator {
            b'\t' => "tab".to_owned(),
            other => format!("`{}`", char::from(other)),
        };
        format!(
            "{found} {}, but the header has {expected}; put a cell that holds a {separator} or a line break between \
             quotes, and write a quote inside as two",
            if found == 1 { "cell" } else { "cells" }
        )
    }
}

/// The separator that Excel's first line says, such as `sep=;`.
fn said_separator(start: &[u8]) -> Option<u8> {
    let first = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).split(|&byte| byte == b'\n').next()?;
    match first.strip_suffix(b"\r").unwrap_or(first) {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] if separator.is_ascii() => Some(*separator),
        _ => None,
    }
}

/// The separator that occurs most often in the header, outside quotes; the first of equals. A file whose `name` promises
/// tabs has them, if its header has one; `|` separates only where nothing else does.
fn separator(start: &[u8], name: &str) -> u8 {
    let (mut counts, mut is_quoted) = ([0; SEPARATORS.len()], false);
    for &byte in start {
        is_quoted ^= byte == b'"';
        if is_quoted {
            continue;
        }
        if byte == b'\n' || byte == b'\r' {
            break;
        }
        counts.iter_mut().zip(SEPARATORS).for_each(|(count, separator)| *count += usize::from(byte == separator));
    }
    if counts[2] > 0 && named(name, &[".tsv", ".tab"]) {
        return SEPARATORS[2];
    }
    if counts[..3] != [0; 3] {
        counts[3] = 0;
    }
    let most = counts.into_iter().max();
    counts.iter().position(|count| Some(*count) == most).map_or(b',', |place| SEPARATORS[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_the_header_has_most_often_outside_quotes() {
        for (header, found) in [
            ("text,label\na;b;c", b','),
            ("text;label", b';'),
            ("id\ttext\tlabel", b'\t'),
            ("\"text, in; full\";label\r\n,,,", b';'),
            ("text|label, of a person", b','),
            ("id|text|label", b'|'),
            ("text,label,a|b|c|d", b','),
            ("text", b','),
        ] {
            assert_eq!(separator(header.as_bytes(), "it.csv"), found, "{header}");
        }
        assert_eq!(separator(b"text, in full\tlabel", "it.csv"), b',');
        assert_eq!(separator(b"text, in, full\tlabel", "it.TSV.gz"), b'\t');
        assert_eq!(separator(b"text,label", "it.tsv"), b',');
    }

    #[test]
    fn a_first_line_of_excel_says_the_separator() {
        for (start, said) in [
            ("sep=;\r\ntext;label", Some(b';')),
            ("\u{feff}SEP=|\n", Some(b'|')),
            ("sep=\t\n", Some(b'\t')),
            ("sep,text", None),
            ("sep=ab\n", None),
        ] {
            assert_eq!(said_separator(start.as_bytes()), said, "{start}");
        }
    }
}
