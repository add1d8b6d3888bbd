//! Parts of a head laid out in pairs, as the right factor of a product wants them.

use half::bf16;

use super::simd::{LANES, gather_pairs, interleave};

/// D at most.
pub(super) const LARGEST_HEAD: usize = 256;

/// One head of one sequence among the rows of a larger tensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    /// From its first number on.
    pub(super) numbers: &'a [bf16],
    /// From one row to the next.
    pub(super) stride: usize,
    /// D
    pub(super) size: usize,
}

impl<'a> Head<'a> {
    pub(super) fn row(&self, row: usize) -> &'a [bf16] {
        &self.numbers[row * self.stride..row * self.stride + self.size]
    }

    /// From `row` on, and beyond the last.
    pub(super) fn from(&self, row: usize) -> &'a [bf16] {
        &self.numbers[row * self.stride..]
    }
}

/// Memory that grows to what was asked of it at most, and is not cleared in between.
#[derive(Debug, Default)]
pub(super) struct Buffer<T>(Vec<T>);

impl<T: Copy + Default> Buffer<T> {
    pub(super) fn of(&mut self, count: usize) -> &mut [T] {
        if self.0.len() < count {
            self.0.resize(count, T::default());
        }
        &mut self.0[..count]
    }
}

/// How many rows stand for `rows`: few sizes, so that few kernels are made for them.
pub(super) fn padded(rows: usize) -> usize {
    rows.next_multiple_of(32)
}

/// The first `rows` of `head` as the right factor `[D/2, padded, 2]`: a column for each row, zeros behind the last.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) fn transposed_in_pairs<'b>(
    head: &Head<'_>,
    rows: usize,
    padded: usize,
    to: &'b mut Buffer<bf16>,
) -> &'b mut [bf16] {
    let to = to.of(head.size * padded);
    let whole = rows / LANES * LANES;
    for (pair, line) in to.chunks_exact_mut(2 * padded).enumerate() {
        for first in (0..whole).step_by(LANES) {
            gather_pairs(&mut line[2 * first..], &head.from(first)[2 * pair..], head.stride);
        }
        for row in whole..rows {
            line[2 * row..2 * row + 2].copy_from_slice(&head.row(row)[2 * pair..2 * pair + 2]);
        }
        line[2 * rows..].fill(bf16::ZERO);
    }
    to
}

/// The first `rows` of `head` as the right factor `[padded/2, D, 2]`: a row for each row, zeros behind the last.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) fn rows_in_pairs<'b>(
    head: &Head<'_>,
    rows: usize,
    padded: usize,
    to: &'b mut Buffer<bf16>,
) -> &'b mut [bf16] {
    let to = to.of(head.size * padded);
    let zeros = [bf16::ZERO; LARGEST_HEAD];
    let of = |row: usize| if row < rows { head.row(row) } else { &zeros[..head.size] };
    for (pair, to) in to.chunks_exact_mut(2 * head.size).enumerate() {
        let (even, odd) = (of(2 * pair), of(2 * pair + 1));
        for at in (0..head.size).step_by(LANES) {
            interleave(&mut to[2 * at..], &even[at..], &odd[at..]);
        }
    }
    to
}

/// `count` rows of `head` from `first` on as the left factor `[D, padded]`: a column for each row, zeros behind.
pub(super) fn transposed<'b>(
    head: &Head<'_>,
    first: usize,
    count: usize,
    padded: usize,
    to: &'b mut Buffer<bf16>,
) -> &'b mut [bf16] {
    let to = to.of(head.size * padded);
    to.fill(bf16::ZERO);
    for row in 0..count {
        for (column, &number) in head.row(first + row).iter().enumerate() {
            to[column * padded + row] = number;
        }
    }
    to
}
