//! Whether the quotes of a table are whole. `csv_core` reads any bytes, and a quote without its other half would join rows.

/// A place in a row.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    CellStart,
    Unquoted,
    Quoted,
    /// After a quote in a quoted cell, which ends the cell or is the first of two.
    AfterQuote,
}

/// Follows the bytes of a table.
pub(crate) struct Quotes {
    separator: u8,
    place: Place,
}

impl Quotes {
    pub(crate) fn new(separator: u8) -> Self {
        Quotes { separator, place: Place::CellStart }
    }

    /// Whether a quoted cell is not closed yet.
    pub(crate) fn is_open(&self) -> bool {
        self.place == Place::Quoted
    }

    /// Follow `bytes`; `false` if something other than the end of the cell comes after a closing quote.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let ends_cell = byte == self.separator || byte == b'\n' || byte == b'\r';
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::AfterQuote,
                (Place::Quoted, _) | (Place::CellStart | Place::AfterQuote, b'"') => Place::Quoted,
                _ if ends_cell => Place::CellStart,
                (Place::AfterQuote, _) => return false,
                _ => Place::Unquoted,
            };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_quote_ends_its_cell() {
        for (table, is_whole) in [
            ("a,\"b, \"\"c\"\"\nd\"\r\n5\" disk,e\n", true),
            ("a,\"\",\"\"\"\"\n", true),
            ("\"nice\" he said,1\n", false),
            ("1,\"a,1\n2,b,0\n3,\"c\",1\n", false),
            ("0,\"never closed\n1,good\n", false),
        ] {
            let mut quotes = Quotes::new(b',');
            let (start, rest) = table.split_at(table.len() / 2);
            let followed = quotes.follow(start.as_bytes()) && quotes.follow(rest.as_bytes());
            assert_eq!(followed && !quotes.is_open(), is_whole, "{table}");
        }
    }
}
