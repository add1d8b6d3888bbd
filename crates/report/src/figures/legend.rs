//! A legend: marks and what they mean, in columns across the picture.

use drawing::HPos;

use super::pen::{INK, LABEL, room, text};
use drawing::{At, Shape};

/// From the left end of an entry to the middle of its mark, to its label, and from its label to the next entry.
const MARK: f64 = 18.0;
const LABEL_AT: f64 = 44.0;
const BETWEEN: f64 = 24.0;

/// From line to line.
const LINE: f64 = 28.0;

/// One mark and its label.
pub(crate) struct Entry {
    label: String,
    mark: Box<dyn Fn(At) -> Vec<Shape>>,
}

/// Entries in columns of one width.
pub(crate) struct Legend {
    entries: Vec<Entry>,
    column: f64,
    n_columns: usize,
}

impl Entry {
    /// `mark` draws around a middle.
    pub(crate) fn new(label: &str, mark: impl Fn(At) -> Vec<Shape> + 'static) -> Self {
        Entry { label: label.to_owned(), mark: Box::new(mark) }
    }
}

impl Legend {
    /// As many columns as `width` holds, all lines equally full where that goes.
    pub(crate) fn new(entries: Vec<Entry>, width: f64) -> Self {
        let column = LABEL_AT + room(entries.iter().map(|entry| entry.label.as_str())) + BETWEEN;
        let most = ((width + BETWEEN) / column).floor().max(1.0) as usize;
        let n_lines = entries.len().div_ceil(most).max(1);
        Legend { column, n_columns: entries.len().div_ceil(n_lines).max(1), entries }
    }

    pub(crate) fn height(&self) -> f64 {
        LINE * self.entries.len().div_ceil(self.n_columns) as f64
    }

    /// Below and right of `corner`, in the order of the entries line by line.
    pub(crate) fn shapes(&self, corner: At) -> Vec<Shape> {
        let place = |i: usize| {
            let (row, column) = (i / self.n_columns, i % self.n_columns);
            (corner.0 + self.column * column as f64, corner.1 + LINE * (row as f64 + 0.5))
        };
        let shapes = self.entries.iter().enumerate().flat_map(|(i, entry)| {
            let (x, y) = place(i);
            let label = text((x + LABEL_AT, y), entry.label.as_str(), LABEL, HPos::Left, INK);
            (entry.mark)((x + MARK, y)).into_iter().chain([label])
        });
        shapes.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drawing::{Text, text_width};

    fn labels(names: &[&str], width: f64) -> (f64, Vec<Text>) {
        let legend = Legend::new(names.iter().map(|name| Entry::new(name, |_| Vec::new())).collect(), width);
        let shapes = legend.shapes((10.0, 100.0)).into_iter();
        (legend.height(), shapes.filter_map(|s| if let Shape::Text(text) = s { Some(text) } else { None }).collect())
    }

    #[test]
    fn labels_stay_within_width_and_height_and_never_touch_the_next_mark() {
        let names = ["custom-embedding", "bert-embeddings", "TF-IDF", "cls-linear", "bilstm, last blocks", "published"];
        for width in [300.0, 500.0, 900.0] {
            let (height, labels) = labels(&names, width);
            for (i, label) in labels.iter().enumerate() {
                let end = label.at.0 + text_width(&label.text, LABEL);
                assert!(end <= 10.0 + width && label.at.1 < 100.0 + height, "`{}` of {width}", label.text);
                let next = labels.get(i + 1).filter(|next| next.at.1 == label.at.1);
                assert!(next.is_none_or(|next| end < next.at.0 - LABEL_AT), "`{}` of {width}", label.text);
            }
        }
    }

    #[test]
    fn lines_are_equally_full() {
        let columns = |n: usize| labels(&vec!["a-label"; n], 4.5 * (LABEL_AT + BETWEEN + 62.0)).1;
        let first_line = |n: usize| columns(n).iter().filter(|text| text.at.1 == 114.0).count();
        assert_eq!([first_line(3), first_line(4), first_line(5), first_line(6)], [3, 4, 3, 3]);
    }
}
