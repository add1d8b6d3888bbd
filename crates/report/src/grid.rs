//! Aligned Markdown tables.

/// A column: its head, whether it holds numbers, and a cell.
pub(crate) type Column<T> = (&'static str, bool, fn(&T) -> String);

/// One row a line.
pub(crate) fn markdown<'a, T: 'a>(columns: impl IntoIterator<Item = &'a Column<T>>, rows: &[T]) -> String {
    let columns: Vec<Vec<String>> = columns.into_iter().map(|column| aligned(column, rows)).collect();
    let line = |row: usize| columns.iter().map(|cells| format!("| {} ", cells[row])).collect::<String>() + "|\n";
    (0..rows.len() + 2).map(line).collect()
}

/// Head, rule and cells of one column, all of one width; the rule tells GitHub the side, too.
fn aligned<T>(&(name, is_number, cell): &Column<T>, rows: &[T]) -> Vec<String> {
    let cells: Vec<String> = rows.iter().map(cell).collect();
    let width = cells.iter().map(|cell| cell.chars().count()).chain([name.chars().count(), 3]).max().unwrap_or(3);
    let pad = |text: &String| {
        let spaces = " ".repeat(width - text.chars().count()); // a width given to `format!` has a limit
        if is_number { spaces + text } else { text.to_owned() + &spaces }
    };
    let rule = "-".repeat(width - 1) + if is_number { ":" } else { "-" };
    [pad(&name.to_owned()), rule].into_iter().chain(cells.iter().map(pad)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_one_width_and_numbers_stand_on_the_right() {
        let columns: [Column<(&str, u32)>; 2] =
            [("name", false, |row| row.0.to_owned()), ("n", true, |row| row.1.to_string())];
        let table = markdown(&columns, &[("čtyři", 4), ("a", 4000)]);
        assert_eq!(table, "| name  |    n |\n| ----- | ---: |\n| čtyři |    4 |\n| a     | 4000 |\n");
    }
}
