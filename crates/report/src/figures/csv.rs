//! The numbers that were drawn, as comma-separated values (RFC 4180), for those who would draw them otherwise.

/// A header whose names bear the units, and the rows.
pub(super) struct Table {
    text: String,
}

impl Table {
    pub(super) fn new(header: &[&str]) -> Self {
        let mut table = Table { text: String::new() };
        table.push(header.iter().map(|name| (*name).to_owned()));
        table
    }

    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&cell)).collect();
        self.text += &cells.join(",");
        self.text.push('\n');
    }

    pub(super) fn text(self) -> String {
        self.text
    }
}

/// A number with so many digits that none that matters is lost.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Nothing stays an empty cell.
pub(super) fn maybe(value: Option<f64>) -> String {
    value.map(number).unwrap_or_default()
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_and_quotes_stay_one_cell() {
        let mut table = Table::new(&["series", "accuracy_percent"]);
        table.push(["bilstm, \"last\" blocks".to_owned(), number(90.0)]);
        assert_eq!(table.text(), "series,accuracy_percent\n\"bilstm, \"\"last\"\" blocks\",90\n");
    }

    #[test]
    fn numbers_lose_zeros_and_nothing_else() {
        for (value, expected) in [(88.25, "88.25"), (-0.0000001, "0"), (1200.0, "1200"), (1.0 / 3.0, "0.333333")] {
            assert_eq!(number(value), expected);
        }
        assert_eq!(maybe(None), "");
    }
}
