//! Aligned Markdown tables.

/// A column: its head, whether it holds numbers, and a cell.
pub(crate) type Column<T> = (&'static str, bool, fn(&T) -> String);

/// Sort rows by head and depth: heads in order of first appearance, and from shallow to deep under each.
pub(crate) fn sort<T>(rows: &mut [T], head_and_depth: impl Fn(&T) -> (String, usize)) {
    let heads: Vec<String> = rows.iter().map(|row| head_and_depth(row).0).collect();
    rows.sort_by_cached_key(|row| {
        let (head, depth) = head_and_depth(row);
        (heads.iter().position(|one| *one == head), depth)
    });
}

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
    fn heads_keep_the_order_of_first_appearance_and_depths_ascend_under_each() {
        let mut rows = [("cls", 4), ("lstm", 2), ("cls", 1), ("mean", 0), ("cls", 2), ("lstm", 1)];
        sort(&mut rows, |&(head, depth)| (head.to_owned(), depth));
        assert_eq!(rows, [("cls", 1), ("cls", 2), ("cls", 4), ("lstm", 1), ("lstm", 2), ("mean", 0)]);
    }

    #[test]
    fn every_line_has_one_width_and_numbers_stand_on_the_right() {
        let columns: [Column<(&str, u32)>; 2] =
            [("name", false, |row| row.0.to_owned()), ("n", true, |row| row.1.to_string())];
        let table = markdown(&columns, &[("čtyři", 4), ("a", 4000)]);
        assert_eq!(table, "| name  |    n |\n| ----- | ---: |\n| čtyři |    4 |\n| a     | 4000 |\n");
    }
}
