//! What batches have in common that share a recording, and where the numbers of a batch lie.

use std::ops::Range;

use crate::prepared::Prepared;

/// The rows of a shape are a multiple of it: finer, and there are more shapes to record; coarser, and there is more to fill.
const ROWS: usize = 512;

/// Sequences beside those of a full batch, one row each at least: what fills a batch up to its shape is cut among them.
const FILLERS: usize = 16;

/// Words for the optimizer's rates and step numbers, a group's two floats in one: more groups no recipe makes of 48 blocks.
pub(super) const DIAL: usize = 128;

/// How large a batch is that a recording serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape {
    /// R, fillers among them.
    pub(super) rows: usize,
    /// Rows of the longest sequence, at most.
    pub(super) longest: usize,
    /// Examples, at most.
    pub(super) batch_size: usize,
}

impl Shape {
    /// The smallest one for sequences of these `lengths`, if any may have as many as `longest` rows.
    pub(super) fn of(lengths: &[usize], longest: usize, batch_size: usize) -> Self {
        let sequences = batch_size + FILLERS;
        let rows = lengths.iter().sum::<usize>() + sequences - lengths.len();
        let least = rows.max(longest + sequences - 1); // which `widest` needs
        Shape { rows: least.next_multiple_of(ROWS), longest, batch_size }
    }

    /// Whether it takes every batch whose own shape is `other`.
    pub(super) fn covers(self, other: Self) -> bool {
        let least = other.rows.saturating_sub(ROWS + FILLERS); // of a batch of that shape
        (other.rows..=least + FILLERS * self.longest).contains(&self.rows)
    }

    pub(super) fn sequences(self) -> usize {
        self.batch_size + FILLERS
    }

    /// `lengths` and those of fillers behind them; none if a batch of these lengths is too large for the shape, or too small.
    pub(super) fn filled(self, lengths: &[usize]) -> Option<Vec<usize>> {
        let fillers = self.sequences().checked_sub(lengths.len()).filter(|fillers| *fillers >= FILLERS)?;
        let fits = lengths.iter().all(|&length| (1..=self.longest).contains(&length));
        let left = self.rows.checked_sub(lengths.iter().sum()).filter(|_| fits)?;
        let can_fill = (fillers..=fillers * self.longest).contains(&left);
        can_fill.then(|| lengths.iter().copied().chain(shares(left, fillers)).collect())
    }

    /// Sequences of which one is as long as any may be.
    pub(super) fn widest(self) -> Vec<usize> {
        let others = self.sequences() - 1;
        std::iter::once(self.longest).chain(shares(self.rows - self.longest, others)).collect()
    }

    pub(super) fn places(self) -> Places {
        let mut end = DIAL;
        let mut next = |words: usize| {
            end += words;
            end - words..end
        };
        Places {
            labels: next(self.batch_size),
            weights: next(self.batch_size.div_ceil(2)),
            starts: next((self.sequences() + 1).div_ceil(2)),
            input_ids: next(self.rows),
            positions: next(self.rows),
            end,
        }
    }

    /// Everything that the device reads of a batch: its numbers in the order of [`Places`], behind the optimizer's `dial`.
    pub(super) fn words(self, batch: &Prepared, filled: &[usize], pad_token_id: u32, dial: &[[f32; 2]]) -> Vec<i64> {
        let (count, mut words) = (batch.labels.len(), Vec::with_capacity(self.places().end));
        words.extend(dial.iter().map(|[rate, steps]| pair(rate.to_bits(), steps.to_bits())));
        words.resize(DIAL, 0);
        words.extend((0..self.batch_size).map(|example| batch.labels.get(example).map_or(0, |&label| label as i64)));
        let weight = |example| if example < count { 1.0 / count as f32 } else { 0.0 };
        words.extend(pairs((0..self.batch_size).map(|example| f32::to_bits(weight(example)))));
        let ends = filled.iter().scan(0, |end, length| {
            *end += length;
            Some(*end as u32)
        });
        words.extend(pairs(std::iter::once(0).chain(ends)));
        words.extend(batch.assembled.input_ids.iter().map(|&id| i64::from(id)));
        words.resize(self.places().input_ids.end, i64::from(pad_token_id));
        words.extend(filled[..count].iter().flat_map(|&length| 0..length as i64));
        words.resize(self.places().end, 0);
        words
    }
}

/// Where in the words of a batch which of its numbers are; those before are the optimizer's.
pub(super) struct Places {
    pub(super) labels: Range<usize>,
    pub(super) weights: Range<usize>,
    pub(super) starts: Range<usize>,
    pub(super) input_ids: Range<usize>,
    pub(super) positions: Range<usize>,
    pub(super) end: usize,
}

/// `whole` in so many parts, which differ by one at most.
fn shares(whole: usize, parts: usize) -> impl Iterator<Item = usize> {
    (0..parts).map(move |part| whole / parts + usize::from(part < whole % parts))
}

fn pairs(halves: impl Iterator<Item = u32>) -> Vec<i64> {
    let halves: Vec<u32> = halves.collect();
    halves.chunks(2).map(|two| pair(two[0], two.get(1).copied().unwrap_or(0))).collect()
}

/// Two numbers of 32 bits in a word, the first one at the lower address.
fn pair(first: u32, second: u32) -> i64 {
    i64::from_le_bytes((u64::from(second) << 32 | u64::from(first)).to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_filled_up_to_its_shape() {
        for lengths in [vec![5, 300, 7], vec![512; 3], vec![1], vec![128, 128, 128]] {
            let shape = Shape::of(&lengths, 512, 3);
            let filled = shape.filled(&lengths).unwrap();
            assert_eq!((filled.len(), filled.iter().sum::<usize>()), (shape.sequences(), shape.rows), "{lengths:?}");
            assert!(filled.starts_with(&lengths) && filled.iter().all(|length| (1..=512).contains(length)));
            assert!(shape.rows % ROWS == 0 && shape.covers(shape));
            let widest = shape.widest();
            assert_eq!((widest.len(), widest.iter().sum::<usize>()), (shape.sequences(), shape.rows), "{lengths:?}");
            assert_eq!((widest.iter().max(), widest.contains(&0)), (Some(&512), false));
            assert!(widest.iter().any(|length| *length != widest[0]));
        }
    }

    #[test]
    fn a_shape_takes_smaller_batches_and_no_larger_ones() {
        let shape = Shape::of(&[200, 300, 300], 384, 3);
        assert_eq!(shape.rows, 1024);
        assert!(shape.filled(&[384, 384, 240]).is_some() && shape.filled(&[100]).is_some());
        assert!(shape.filled(&[385, 1]).is_none(), "too long");
        assert!(shape.filled(&[384, 384, 241]).is_none(), "no row left for a filler");
        assert!(shape.filled(&[1; 4]).is_none(), "too many");
        for rows in (512..16384).step_by(ROWS) {
            let large = Shape { rows, ..shape };
            let taken = [[166, 166, 165], [336; 3]].map(|lengths| large.filled(&lengths).is_some()); // 513 and 1024 rows
            assert_eq!(large.covers(shape), taken == [true; 2], "{rows}");
        }
    }
}
