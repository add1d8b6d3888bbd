//! The elements of one JSON array, each as it is written, without the others in memory.

use std::io::BufRead;

use super::LONGEST_LINE_BYTES;

/// The place in an array.
#[derive(Default)]
pub(super) struct Array {
    /// The number of the element read last, counted from 1.
    pub(super) number: usize,
    /// The line where that element begins, counted from 1.
    pub(super) line: usize,
    breaks: usize,
    is_open: bool,
    is_closed: bool,
}

/// The place in an element.
#[derive(Default)]
struct Inside {
    depth: usize,
    is_string: bool,
    is_escaped: bool,
}

impl Inside {
    /// Whether `byte` ends the element: a comma or a bracket that belongs to the array.
    fn is_end(&mut self, byte: u8) -> bool {
        if self.is_string {
            self.is_string = byte != b'"' || self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return false;
        }
        match byte {
            b',' | b']' if self.depth == 0 => return true,
            b'"' => self.is_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

impl Array {
    /// Put the next element into `element`, which is empty; `false` at the end of the array.
    pub(super) fn next(&mut self, input: &mut impl BufRead, element: &mut Vec<u8>) -> Result<bool, String> {
        self.line = self.breaks + 1;
        if !self.is_open {
            self.is_open = self.skip_blanks(input)? == Some(b'[');
            input.consume(1);
        }
        if self.is_closed || (self.skip_blanks(input)? == Some(b']') && self.number == 0) {
            return self.finish(input);
        }
        self.line = self.breaks + 1;
        self.number += 1;
        let closing = self.copy(input, element)?;
        self.is_closed = closing == b']';
        match element.trim_ascii().is_empty() {
            true => Err("a value is missing before a comma or the closing `]`".to_owned()),
            false => Ok(true),
        }
    }

    /// The next byte that is not white space, still to be consumed; `None` at the end of the input.
    fn skip_blanks(&mut self, input: &mut impl BufRead) -> Result<Option<u8>, String> {
        loop {
            let bytes = input.fill_buf().map_err(|e| e.to_string())?;
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.breaks += bytes[..blank].iter().filter(|byte| **byte == b'\n').count();
            let (next, is_end) = (bytes.get(blank).copied(), bytes.is_empty());
            input.consume(blank);
            if next.is_some() || is_end {
                return Ok(next);
            }
        }
    }

    /// Copy up to the byte that ends the element, which is consumed and returned.
    fn copy(&mut self, input: &mut impl BufRead, element: &mut Vec<u8>) -> Result<u8, String> {
        let mut inside = Inside::default();
        loop {
            let bytes = input.fill_buf().map_err(|e| e.to_string())?;
            if bytes.is_empty() {
                return Err("the array has no closing `]`, so the file is cut short".to_owned());
            }
            let end = bytes.iter().position(|&byte| inside.is_end(byte));
            let (copied, closing) = (end.unwrap_or(bytes.len()), end.map(|end| bytes[end]));
            element.extend_from_slice(&bytes[..copied]);
            self.breaks += bytes[..copied].iter().filter(|byte| **byte == b'\n').count();
            input.consume(copied + usize::from(closing.is_some()));
            if element.len() as u64 > LONGEST_LINE_BYTES {
                return Err("the element is longer than 64 MiB; split it".to_owned());
            }
            if let Some(closing) = closing {
                return Ok(closing);
            }
        }
    }

    /// The end of the array, behind which only white space may stand.
    fn finish(&mut self, input: &mut impl BufRead) -> Result<bool, String> {
        if !self.is_closed {
            input.consume(1);
            self.is_closed = true;
        }
        match self.skip_blanks(input)? {
            None => Ok(false),
            Some(_) => Err("something stands behind the closing `]`; a file holds one array".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::jsonl::Reader;

    /// In pieces of seven bytes, so that elements reach over them.
    fn read(text: &str) -> Result<Vec<(String, Value)>, String> {
        let mut reader = Reader::of_array("it", BufReader::with_capacity(7, text.as_bytes()));
        let mut all = vec![];
        while let Some(record) = reader.next_with_id().map_err(|e| e.to_string())? {
            all.push(record);
        }
        Ok(all)
    }

    #[test]
    fn elements_are_numbered_and_faults_name_their_line() {
        let read_well = read("\n [{\"id\":1.50},\n{\"t\":\"],[\\\"\"} ,{\n\"id\":\"c\\ud83d\"}]\n\n").unwrap();
        let ids: Vec<&str> = read_well.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!((ids, &read_well[1].1), (vec!["1.50", "2", "c\u{fffd}"], &json!({"t": "],[\""})));
        assert_eq!(read(" [ \n]").unwrap(), []);
        for (text, says) in [
            ("[{},\n{\"a\":1", "`it`, line 2: the array has no closing `]`"),
            ("[{},\n{\"a\":\n nul}]", "`it`, line 3: column 5: expected ident"),
            ("[{}\n{}]", "`it`, line 2: column 1: trailing characters"),
            ("[{},\n]", "`it`, line 2: a value is missing"),
            ("[,{}]", "`it`, line 1: a value is missing"),
            ("[{}] [", "`it`, line 1: something stands behind"),
            ("[\n[1]]", "`it`, line 2: column 1: expected a record"),
            ("[", "has no closing `]`"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn whatever_an_array_holds_is_read_back(texts in proptest::collection::vec(any::<String>(), 0..6), pretty: bool) {
            let array: Vec<Value> = texts.iter().map(|text| json!({"text": text, "n": [{text: "]"}]})).collect();
            let write = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let back = read(&write(&array).unwrap()).unwrap();
            prop_assert_eq!(back.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), array);
        }
    }
}
