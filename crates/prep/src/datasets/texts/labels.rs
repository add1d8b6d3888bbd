//! The classes of a source, as they come and at the end.

use std::collections::{BTreeSet, HashMap};

use records::fields::Label;

/// The limit on the number of classes. Beyond it, a label is more likely a mistake.
const MOST_CLASSES: usize = 1000;

/// The labels of a source, each with the place where it came first.
#[derive(Default)]
pub(super) struct Labels {
    places: HashMap<Label, usize>,
    first: Option<Label>,
    /// A table cannot tell a number from a name; JSON can.
    of_table: bool,
}

impl Labels {
    /// The place of `label`, counted from 0.
    ///
    /// # Errors
    /// It is no name of a class, or it is a name among indices, or the other way round.
    pub(super) fn put(&mut self, label: Label) -> Result<usize, String> {
        if let Some(place) = self.places.get(&label) {
            return Ok(*place);
        }
        check(&label, self.first.as_ref())?;
        let place = self.places.len();
        if place == MOST_CLASSES && matches!(label, Label::Name(_)) {
            return Err(format!("more than {MOST_CLASSES} classes, the limit; is this the class, and not a text?"));
        }
        self.first.get_or_insert_with(|| label.clone());
        self.places.insert(label, place);
        Ok(place)
    }

    /// From now on, digits may be an index.
    pub(super) fn of_table(&mut self) {
        self.of_table = true;
    }

    /// Class names by index, and the index for each place. Names are in alphabetical order, so that the order of lines
    /// does not matter. In a table, labels that are all whole numbers below the limit are indices.
    ///
    /// # Errors
    /// All labels are of one class.
    pub(super) fn finish(self) -> Result<(Vec<String>, Vec<usize>), String> {
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

fn check(label: &Label, first: Option<&Label>) -> Result<(), String> {
    match (label, first) {
        (Label::Name(name), _) if name.is_empty() => {
            Err("`label` is empty; name the class, or leave the line out".to_owned())
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
        labels.of_table();
        let places: Vec<usize> = cells.iter().map(|cell| labels.put(Label::Name((*cell).into())).unwrap()).collect();
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
}
