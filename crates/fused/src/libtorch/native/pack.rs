//! Parts of a head laid out in pairs, the form of the right factor of a product.

use half::bf16;

use super::simd::LANES;
use super::transpose::{interleave, transpose, transpose_pairs};

/// Upper bound on D.
pub(super) const LARGEST_HEAD: usize = 256;

/// One head of one sequence among the rows of a larger tensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    /// The numbers from its first one on.
    pub(super) numbers: &'a [bf16],
    /// Distance between two rows.
    pub(super) stride: usize,
    /// D
    pub(super) size: usize,
}

impl<'a> Head<'a> {
    pub(super) fn row(&self, row: usize) -> &'a [bf16] {
        &self.numbers[row * self.stride..row * self.stride + self.size]
    }

    /// The numbers from `row` on, to the end of the tensor.
    pub(super) fn from(&self, row: usize) -> &'a [bf16] {
        &self.numbers[row * self.stride..]
    }
}

/// Memory that grows to the largest request and is not cleared in between.
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

/// `rows` rounded up to a few sizes, so that few kernels are created.
pub(super) fn padded(rows: usize) -> usize {
    rows.next_multiple_of(32)
}

/// The first `rows` of `head` as the right factor `[D/2, padded, 2]`: a column for each row, zeros after the last.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) fn transposed_in_pairs<'b>(
    head: &Head<'_>,
    rows: usize,
    padded: usize,
    to: &'b mut Buffer<bf16>,
) -> &'b mut [bf16] {
    let to = to.of(head.size * padded);
    let whole = [rows / LANES * LANES, head.size / (2 * LANES) * LANES]; // rows and pairs that come by sixteens
    for first in (0..whole[0]).step_by(LANES) {
        for pair in (0..whole[1]).step_by(LANES) {
            let to = &mut to[2 * (pair * padded + first)..];
            transpose_pairs(to, 2 * padded, &head.from(first)[2 * pair..], head.stride);
        }
    }
    for (pair, line) in to.chunks_exact_mut(2 * padded).enumerate() {
        for row in if pair < whole[1] { whole[0]..rows } else { 0..rows } {
            line[2 * row..2 * row + 2].copy_from_slice(&head.row(row)[2 * pair..2 * pair + 2]);
        }
        line[2 * rows..].fill(bf16::ZERO);
    }
    to
}

/// The first `rows` of `head` as the right factor `[padded/2, D, 2]`: a row for each row, zeros after the last.
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

/// `count` rows of `head` from `first` on as the left factor `[D, padded]`: a column for each row, zeros after the
/// last.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) fn transposed<'b>(
    head: &Head<'_>,
    first: usize,
    count: usize,
    padded: usize,
    to: &'b mut Buffer<bf16>,
) -> &'b mut [bf16] {
    let to = to.of(head.size * padded);
    let whole = count / (2 * LANES) * 2 * LANES;
    for row in (0..whole).step_by(2 * LANES) {
        for column in (0..head.size).step_by(LANES) {
            transpose(&mut to[column * padded + row..], padded, &head.from(first + row)[column..], head.stride);
        }
    }
    for column in 0..head.size {
        let line = &mut to[column * padded..][..padded];
        (whole..count).for_each(|row| line[row] = head.row(first + row)[column]);
        line[count..].fill(bf16::ZERO);
    }
    to
}

#[cfg(test)]
#[expect(unsafe_code, reason = "kernels that ask for what the processor was checked for")]
mod tests {
    use super::*;

    /// Rows and sizes that sixteen and 32 divide, and others.
    #[test]
    fn packed_numbers_are_in_their_places() {
        if !super::super::simd::is_supported() {
            return;
        }
        for (rows, size) in [(1, 16), (16, 32), (37, 32), (64, 48), (95, 64)] {
            let (stride, padded) = (size + 6, padded(rows));
            let numbers: Vec<bf16> = (0..rows * stride).map(|i| bf16::from_bits(i as u16)).collect();
            let (head, mut buffers) = (Head { numbers: &numbers, stride, size }, <[Buffer<bf16>; 2]>::default());
            buffers.iter_mut().for_each(|buffer| buffer.of(size * padded).fill(bf16::ONE));
            let [pairs, plain] = &mut buffers;
            // SAFETY: the processor has been asked.
            let (pairs, plain) =
                unsafe { (transposed_in_pairs(&head, rows, padded, pairs), transposed(&head, 0, rows, padded, plain)) };
            for (row, column) in (0..padded).flat_map(|row| (0..size).map(move |column| (row, column))) {
                let expected = if row < rows { head.row(row)[column] } else { bf16::ZERO };
                let in_pairs = pairs[column / 2 * 2 * padded + 2 * row + column % 2];
                assert_eq!(
                    (in_pairs.to_bits(), plain[column * padded + row].to_bits()),
                    (expected.to_bits(), expected.to_bits())
                );
            }
        }
    }
}
