//! The classes of a source, as they come and at the end.

use std::collections::{BTreeSet, HashMap};

use records::fields::Label;

/// The limit on the number of classes. Beyond it, a label is more likely a mistake.
const MOST_CLASSES: usize = 1000;

/// The labels of a source, each with the place where it came first.
#[derive(Default)]
pub(crate) struct Labels {
    places: HashMap<Label, usize>,
    /// The first that is either an index or a name, whatever the others are.
    certain: Option<Label>,
    /// A table cannot tell a number from a name; JSON can.
    of_table: bool,
}

impl Labels {
    /// The place of `label`, counted from 0, which stands in `column`, of a table or not.
    ///
    /// # Errors
    /// It is no name of a class, or it is a name among indices, or the other way round.
    pub(crate) fn put(&mut self, label: Label, of_table: bool, column: &str) -> Result<usize, String> {
        self.of_table |= of_table;
        if let Some(place) = self.places.get(&label) {
            return Ok(*place);
        }
        let is_either = of_table && index(&label).is_some();
        check(&label, self.certain.as_ref().filter(|_| !is_either), column)?;
        if !is_either {
            self.certain.get_or_insert_with(|| label.clone());
        }
        let place = self.places.len();
        if place == MOST_CLASSES && matches!(label, Label::Name(_)) {
            return Err(format!("more than {MOST_CLASSES} classes, the limit; is this the class, and not a text?"));
        }
        self.places.insert(label, place);
        Ok(place)
    }

    /// Class names by index, and the index for each place. Names are in alphabetical order, so that the order of lines
    /// does not matter. In a table, labels that are all whole numbers below the limit are indices.
    ///
    /// # Errors
    /// All labels are of one class.
    pub(crate) fn finish(self) -> Result<(Vec<String>, Vec<usize>), String> {
        let mut labels = vec![Label::Index(0); self.places.len()];
        self.places.into_iter().for_each(|(label, place)| labels[place] = label);
        if self.of_table
            && let Some(indices) = labels.iter().map(index).collect::<Option<Vec<_>>>()
        {
            labels = indices.into_iter().map(Label::Index).collect();
        }
        let names: BTreeSet<&str> = labels.iter().filter_map(name).collect();
        let highest = labels.iter().filter_map(index).max().filter(|_| names.is_empty());
        let of = |label: &Label| match label {
            Label::Index(index) => *index,
            Label::Name(name) => names.range(..name.as_str()).count(),
        };
        let indices = labels.iter().map(of).collect();
        match (highest, names.first()) {
            (Some(highest), _) => Ok(((0..=highest.max(1)).map(|index| index.to_string()).collect(), indices)),
            (None, Some(only)) if names.len() == 1 => {
                Err(format!("every label is `{only}`; a classifier needs two classes"))
            }
            (None, _) => Ok((names.into_iter().map(str::to_owned).collect(), indices)),
        }
    }
}

fn name(label: &Label) -> Option<&str> {
    match label {
        Label::Name(name) => Some(name),
        Label::Index(_) => None,
    }
}

/// The index that a label is or that a cell of a table writes: `1`, or `1.0` where a column had gaps.
fn index(label: &Label) -> Option<usize> {
    let text = match label {
        Label::Index(index) => return Some(*index),
        Label::Name(name) => name,
    };
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let is_canonical = whole == "0" || !whole.starts_with(['0', '+']);
    let is_whole = is_canonical && !rest.is_empty() && rest.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|index| is_whole && *index < MOST_CLASSES)
}

fn check(label: &Label, certain: Option<&Label>, column: &str) -> Result<(), String> {
    match (label, certain) {
        (Label::Name(name), _) if name.is_empty() => {
            Err(format!("`{column}` is empty; name the class, or leave the line out"))
        }
        (Label::Name(name), _) if name.trim() != name => {
            Err(format!("label `{name}` has white space around it, which would make it a class of its own"))
        }
        (Label::Index(index), _) if *index >= MOST_CLASSES => {
            Err(format!("label {index}, but the limit is {MOST_CLASSES} classes, 0 to {}", MOST_CLASSES - 1))
        }
        (Label::Index(index), Some(Label::Name(_))) => Err(format!("label {index} among labels that are names")),
        (Label::Name(name), Some(Label::Index(_))) => Err(format!("label `{name}` among labels that are indices")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classes of cells in a table, and the index of each cell.
    fn of_cells(cells: &[&str]) -> (Vec<String>, Vec<usize>) {
        let mut labels = Labels::default();
        let mut put = |cell: &&str| labels.put(Label::Name((*cell).to_owned()), true, "label").unwrap();
        let places: Vec<usize> = cells.iter().map(&mut put).collect();
        let (names, indices) = labels.finish().unwrap();
        (names, places.into_iter().map(|place| indices[place]).collect())
    }

    #[test]
    fn whole_numbers_in_a_table_are_indices_unless_one_is_something_else() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_cells(&["2", "0", "2.0"]), (names(&["0", "1", "2"]), vec![2, 0, 2]));
        for (cells, classes, indices) in [
            (["1", "x", "1"], &["1", "x"][..], [0, 1, 0]),
            (["-1", "1", "-1"], &["-1", "1"], [0, 1, 0]),
            (["4711", "815", "815"], &["4711", "815"], [0, 1, 1]),
            (["01", "1", "1."], &["01", "1", "1."], [0, 1, 2]),
        ] {
            assert_eq!(of_cells(&cells), (names(classes), indices.to_vec()), "{cells:?}");
        }
    }

    #[test]
    fn cells_of_a_table_agree_with_indices_of_json_and_other_cells_do_not() {
        let (cell, index) = (|text: &str| (Label::Name(text.to_owned()), true), |index| (Label::Index(index), false));
        let classes = |labels: &[(Label, bool)]| {
            let mut all = Labels::default();
            let places: Result<Vec<usize>, _> =
                labels.iter().map(|(l, table)| all.put(l.clone(), *table, "l")).collect();
            let (names, indices) = all.finish()?;
            Ok::<_, String>((names.len(), places?.into_iter().map(|place| indices[place]).collect::<Vec<_>>()))
        };
        assert_eq!(classes(&[cell("1"), cell("0.0"), index(1), index(2)]), Ok((3, vec![1, 0, 1, 2])));
        assert_eq!(classes(&[index(2), cell("2"), cell("0")]), Ok((3, vec![2, 2, 0])));
        assert!(classes(&[index(0), cell("1"), cell("x")]).unwrap_err().contains("`x` among labels that are indices"));
        assert!(classes(&[cell("1"), cell("x"), index(0)]).unwrap_err().contains("0 among labels that are names"));
    }
}
