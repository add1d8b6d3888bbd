//! The sequences of each thread, and the rows of each step.

use std::ops::Range;

use super::super::memory::Numbers;

/// Sequences that one thread processes in one direction, step by step, the longest first: those with a row at some step
/// come before all others.
#[derive(Debug, PartialEq)]
pub(super) struct Group {
    /// 0, or 1 for the direction from each sequence's last row to its first.
    pub(super) direction: usize,
    sequences: Vec<Range<usize>>,
}

impl Group {
    /// Split sequences of these `lengths`, one after the other, into about as many groups as there are threads.
    pub(super) fn all(lengths: &[usize], directions: usize, threads: usize) -> Vec<Self> {
        let mut start = 0;
        let rows = |&length: &usize| {
            start += length;
            start - length..start
        };
        let mut sequences: Vec<_> = lengths.iter().map(rows).filter(|rows| !rows.is_empty()).collect();
        sequences.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
        let per_direction = threads.div_ceil(directions).clamp(1, sequences.len().max(1));
        let share = |group| sequences.iter().skip(group).step_by(per_direction).cloned().collect();
        let one = |direction| (0..per_direction).map(move |group| (direction, group));
        let group = |(direction, group)| Group { direction, sequences: share(group) };
        (0..directions).flat_map(one).map(group).collect()
    }

    /// Sequences in this group.
    pub(super) fn len(&self) -> usize {
        self.sequences.len()
    }

    /// The steps of the longest sequence.
    pub(super) fn steps(&self) -> usize {
        self.sequences.first().map_or(0, Range::len)
    }

    /// Number of sequences with a row at `step`.
    pub(super) fn active(&self, step: usize) -> usize {
        self.sequences.partition_point(|rows| rows.len() > step)
    }

    /// The row of a sequence at `step`.
    pub(super) fn row(&self, sequence: usize, step: usize) -> usize {
        let rows = &self.sequences[sequence];
        if self.direction == 0 { rows.start + step } else { rows.end - 1 - step }
    }
}

/// One direction's share of each row of a tensor `[R, D·width]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) numbers: Numbers<'a, f32>,
    /// Numbers of this direction in a row.
    pub(super) width: usize,
    /// D.
    pub(super) directions: usize,
    /// Index of this direction.
    pub(super) direction: usize,
}

impl<'a> Columns<'a> {
    fn range(&self, row: usize) -> Range<usize> {
        let start = (row * self.directions + self.direction) * self.width;
        start..start + self.width
    }
}

#[expect(unsafe_code, reason = "threads write disjoint rows or columns of one tensor")]
impl<'a> Columns<'a> {
    /// One row, readable.
    ///
    /// # Safety
    /// Nothing writes to this direction's share of the row while the slice lives.
    pub(super) unsafe fn row(&self, row: usize) -> &'a [f32] {
        // SAFETY: the caller guarantees it.
        unsafe { self.numbers.part(self.range(row)) }
    }

    /// One row, writable.
    ///
    /// # Safety
    /// Nothing else reads or writes this direction's share of the row while the slice lives.
    pub(super) unsafe fn row_mut(&self, row: usize) -> &'a mut [f32] {
        // SAFETY: the caller guarantees it.
        unsafe { self.numbers.part_mut(self.range(row)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_belongs_to_one_group_of_each_direction_and_the_longest_come_first() {
        for threads in [1, 2, 3, 8, 64] {
            let groups = Group::all(&[2, 5, 1, 5], 2, threads);
            let mut seen = [[0; 13]; 2];
            for group in &groups {
                let at = |step| (0..group.active(step)).map(move |sequence| group.row(sequence, step));
                (0..group.steps()).flat_map(at).for_each(|row| seen[group.direction][row] += 1);
                assert_eq!((group.active(0), group.active(group.steps())), (group.len(), 0));
            }
            assert_eq!(seen, [[1; 13]; 2], "{threads} threads");
            assert_eq!(groups.len(), 2 * threads.div_ceil(2).min(4));
        }
    }

    #[test]
    fn the_second_direction_runs_from_the_last_row_to_the_first() {
        let groups = Group::all(&[1, 3], 2, 2);
        let rows = |group: &Group| [0, 1, 2].map(|step| group.row(0, step));
        assert_eq!((rows(&groups[0]), rows(&groups[1])), ([1, 2, 3], [3, 2, 1]));
    }
}
