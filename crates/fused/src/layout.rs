//! The arrangement of sequences of different lengths in a flat batch.

use std::ops::Range;

/// One sequence of a flat batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Its rows in the batch.
    pub rows: Range<usize>,
    /// Number of its real tokens, which come first; only these are attended to.
    pub tokens: usize,
}

/// Consecutive sequences with equal numbers of rows and tokens; together they form a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Number of sequences.
    pub count: usize,
    /// Rows of each sequence.
    pub rows: usize,
    /// Real tokens of each sequence.
    pub tokens: usize,
}

/// The arrangement of the sequences of a batch in `[R, H]`, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    sequences: Vec<Sequence>,
}

impl Layout {
    /// Sequences of these `lengths` without padding.
    pub fn tight(lengths: &[usize]) -> Self {
        Self::new(lengths, |length| length)
    }

    /// Sequences of these `lengths`, each padded to at least `positions` rows; padding is computed but not attended to.
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
        self.row_counts().into_iter().max().unwrap_or(0)
    }

    /// `[B]`: the first row of each sequence.
    pub fn starts(&self) -> Vec<usize> {
        self.sequences.iter().map(|sequence| sequence.rows.start).collect()
    }

    /// `[B]`: the rows of each sequence, padding included.
    pub fn row_counts(&self) -> Vec<usize> {
        self.sequences.iter().map(|sequence| sequence.rows.len()).collect()
    }

    /// `[B]`: the real tokens of each sequence.
    pub fn lengths(&self) -> Vec<usize> {
        self.sequences.iter().map(|sequence| sequence.tokens).collect()
    }

    /// `[R]`: the position of each row in its sequence, counted from 0.
    pub fn positions(&self) -> Vec<usize> {
        self.sequences.iter().flat_map(|sequence| 0..sequence.rows.len()).collect()
    }

    /// Whether every row is a real token.
    pub fn is_tight(&self) -> bool {
        self.sequences.iter().all(|sequence| sequence.tokens == sequence.rows.len())
    }

    /// Whether all sequences have equally many rows, so that `[R, H]` is `[B, P, H]`.
    pub fn is_rectangle(&self) -> bool {
        let positions = self.longest();
        self.sequences.iter().all(|sequence| sequence.rows.len() == positions)
    }

    /// Whether all sequences have equally many rows without padding, so that the batch is a grid.
    pub fn is_grid(&self) -> bool {
        self.is_rectangle() && self.is_tight()
    }

    /// The smallest number of runs that hold the sequences in order.
    pub fn runs(&self) -> Vec<Run> {
        let alike = |a: &Sequence, b: &Sequence| (a.rows.len(), a.tokens) == (b.rows.len(), b.tokens);
        let run = |run: &[Sequence]| Run { count: run.len(), rows: run[0].rows.len(), tokens: run[0].tokens };
        self.sequences.chunk_by(alike).map(run).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, Run};

    #[test]
    fn sequences_are_consecutive() {
        let tight = Layout::tight(&[3, 1, 2]);
        let rows: Vec<_> = tight.sequences().iter().map(|sequence| sequence.rows.clone()).collect();
        assert_eq!(rows, [0..3, 3..4, 4..6]);
        assert_eq!((tight.rows(), tight.longest(), tight.is_grid()), (6, 3, false));
        assert_eq!((tight.starts(), tight.positions()), (vec![0, 3, 4], vec![0, 1, 2, 0, 0, 1]));
        let padded = Layout::padded(&[3, 1], 4);
        assert_eq!(padded.sequences()[1].rows, 4..8);
        assert_eq!((padded.rows(), padded.lengths(), padded.row_counts()), (8, vec![3, 1], vec![4, 4]));
        assert_eq!((padded.is_rectangle(), padded.is_tight(), padded.is_grid()), (true, false, false));
        assert!(Layout::tight(&[2, 2]).is_grid());
    }

    #[test]
    fn only_consecutive_equal_sequences_are_one_run() {
        let run = |count, rows, tokens| Run { count, rows, tokens };
        assert_eq!(Layout::tight(&[2, 2, 5, 2]).runs(), [run(2, 2, 2), run(1, 5, 5), run(1, 2, 2)]);
        assert_eq!(Layout::padded(&[3, 1, 1], 4).runs(), [run(1, 4, 3), run(2, 4, 1)]);
    }
}
