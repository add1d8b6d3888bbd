//! How sequences of different lengths lie one behind the other in a flat batch.

use std::ops::Range;

/// One sequence of a flat batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Its rows among all rows of the batch.
    pub rows: Range<usize>,
    /// How many of its rows are real tokens, from the first on: only these are attended to.
    pub tokens: usize,
}

/// How the sequences of a batch lie in `[R, H]`, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    sequences: Vec<Sequence>,
}

impl Layout {
    /// Sequences of these `lengths`, nothing between them.
    pub fn tight(lengths: &[usize]) -> Self {
        Self::new(lengths, |length| length)
    }

    /// Sequences of these `lengths`, each filled up to `positions` rows with padding, which is computed but not
    /// attended to.
    pub fn padded(lengths: &[usize], positions: usize) -> Self {
        Self::new(lengths, |length| positions.max(length))
    }

    fn new(lengths: &[usize], rows: impl Fn(usize) -> usize) -> Self {
        let mut start = 0;
        let sequence = |&tokens: &usize| {
            let from = start;
            start += rows(tokens);
            Sequence { rows: from..start, tokens }
        };
        Layout { sequences: lengths.iter().map(sequence).collect() }
    }

    /// The sequences in order.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// R, the rows of all sequences.
    pub fn rows(&self) -> usize {
        self.sequences.last().map_or(0, |sequence| sequence.rows.end)
    }

    /// The rows of the longest sequence.
    pub fn longest(&self) -> usize {
        self.sequences.iter().map(|sequence| sequence.rows.len()).max().unwrap_or(0)
    }

    /// `[B]`: the real tokens of each sequence.
    pub fn lengths(&self) -> Vec<usize> {
        self.sequences.iter().map(|sequence| sequence.tokens).collect()
    }

    /// Whether every sequence has as many rows as the others, all of them real tokens: then the batch is a grid.
    pub fn is_grid(&self) -> bool {
        let positions = self.longest();
        self.sequences.iter().all(|sequence| sequence.tokens == positions)
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn sequences_lie_one_behind_the_other() {
        let tight = Layout::tight(&[3, 1, 2]);
        let rows: Vec<_> = tight.sequences().iter().map(|sequence| sequence.rows.clone()).collect();
        assert_eq!(rows, [0..3, 3..4, 4..6]);
        assert_eq!((tight.rows(), tight.longest(), tight.is_grid()), (6, 3, false));
        let padded = Layout::padded(&[3, 1], 4);
        assert_eq!(padded.sequences()[1].rows, 4..8);
        assert_eq!((padded.rows(), padded.lengths(), padded.is_grid()), (8, vec![3, 1], false));
        assert!(Layout::tight(&[2, 2]).is_grid());
    }
}
