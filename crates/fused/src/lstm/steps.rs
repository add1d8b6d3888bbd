//! The rows of a flat batch in the order in which an LSTM reads them.

use std::cmp::Reverse;

/// All first rows, then all second rows and so on; in each step the longest sequence comes first, so that the sequences
/// that continue are the first ones of the step before (PyTorch's `PackedSequence`).
#[derive(Debug, PartialEq)]
pub(crate) struct Steps {
    /// The flat row at each place of this order.
    pub(crate) order: Vec<usize>,
    /// The place of each flat row in this order.
    pub(crate) back: Vec<usize>,
    /// Number of sequences in each step.
    pub(crate) sizes: Vec<usize>,
}

impl Steps {
    /// Sequences of these `lengths`, read from their last rows to their first if `backwards`.
    pub(crate) fn new(lengths: &[usize], backwards: bool) -> Self {
        let mut end = 0;
        let rows = |&length: &usize| {
            end += length;
            end - length..end
        };
        let mut sequences: Vec<_> = lengths.iter().map(rows).collect();
        sequences.sort_by_key(|rows| Reverse(rows.len()));
        let (mut order, mut sizes) = (Vec::with_capacity(end), Vec::new());
        for step in 0..sequences.first().map_or(0, ExactSizeIterator::len) {
            let going_on = sequences.iter().take_while(|rows| rows.len() > step);
            let row = |rows: &std::ops::Range<usize>| if backwards { rows.end - 1 - step } else { rows.start + step };
            let before = order.len();
            order.extend(going_on.map(row));
            sizes.push(order.len() - before);
        }
        Steps { back: inverse(&order), order, sizes }
    }
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &row)| back[row] = place);
    back
}

#[cfg(test)]
mod tests {
    use super::Steps;

    #[test]
    fn the_longest_sequence_comes_first_at_each_step() {
        let forwards = Steps::new(&[2, 1, 3], false); // rows 0 1 | 2 | 3 4 5
        let (order, back, sizes) = (vec![3, 0, 2, 4, 1, 5], vec![1, 4, 2, 0, 3, 5], vec![3, 2, 1]);
        assert_eq!(forwards, Steps { order, back, sizes });
        assert_eq!(Steps::new(&[2, 1, 3], true).order, [5, 1, 2, 4, 0, 3]);
    }
}
