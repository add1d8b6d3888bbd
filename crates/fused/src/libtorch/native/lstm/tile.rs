//! The product of both recurrences: a few rows of numbers with a matrix that stays in the cache.
#![expect(unsafe_code, reason = "the innermost loop asks for no bounds")]

use std::arch::x86_64::*;

use tch::Tensor;

use super::super::memory::Numbers;
use super::vector::{LANES, all};

/// Vectors side by side in a tile.
pub(super) const VECTORS: usize = 4;
/// Numbers side by side in a tile.
pub(super) const WIDTH: usize = VECTORS * LANES;
/// Rows of a tile: 6·4 sums, 4 weights and one number of a row fill the processor's 32 registers.
pub(super) const ROWS: usize = 6;

/// The sums of a tile of `M` rows.
pub(super) type Sums<const M: usize> = [[__m512; VECTORS]; M];

/// One line of a packed matrix, aligned to a line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([f32; WIDTH]);

/// A matrix `[K, N]` split into blocks of [`WIDTH`] columns; the K lines of each block are consecutive.
#[derive(Debug)]
pub(super) struct Packed {
    lines: Vec<Line>,
    depth: usize,
}

impl Packed {
    /// `W` transposed, where `W` is `[4·L, L]`: block j holds, for each number of the hidden state, its weights in the
    /// four gates of cells 16j to 16j + 15.
    pub(super) fn to_gates(hidden: &Tensor) -> Self {
        let numbers = Rows::of(hidden);
        let depth = numbers.width;
        let line = |block: usize, k: usize| {
            let weight = |column: usize| numbers.at(column / LANES * depth + block * LANES + column % LANES, k);
            Line(std::array::from_fn(weight))
        };
        let lines = (0..depth / LANES).flat_map(|block| (0..depth).map(move |k| line(block, k))).collect();
        Packed { lines, depth }
    }

    /// `W`, `[4·L, L]`: block j holds, for each gate of each cell, its weights of the hidden state's numbers 64j to 64j
    /// + 63; zeros beyond L.
    pub(super) fn to_hidden(hidden: &Tensor) -> Self {
        let numbers = Rows::of(hidden);
        let depth = 4 * numbers.width;
        let weight = |k, column| if column < numbers.width { numbers.at(k, column) } else { 0.0 };
        let line = |block: usize, k: usize| Line(std::array::from_fn(|column| weight(k, block * WIDTH + column)));
        let blocks = numbers.width.div_ceil(WIDTH);
        let lines = (0..blocks).flat_map(|block| (0..depth).map(move |k| line(block, k))).collect();
        Packed { lines, depth }
    }

    pub(super) fn block(&self, index: usize) -> &[Line] {
        &self.lines[index * self.depth..(index + 1) * self.depth]
    }

    pub(super) fn n_blocks(&self) -> usize {
        self.lines.len() / self.depth
    }
}

/// A matrix's numbers, row by row.
#[derive(Clone, Copy)]
struct Rows<'a> {
    numbers: &'a [f32],
    width: usize,
}

impl<'a> Rows<'a> {
    fn of(matrix: &'a Tensor) -> Self {
        let numbers = Numbers::of(matrix);
        // SAFETY: these are weights, which change between two steps of training and not within an operation.
        let all = unsafe { numbers.part(0..numbers.len()) };
        Rows { numbers: all, width: matrix.size()[1] as usize }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.numbers[row * self.width + column]
    }
}

/// `sums[m] += Σₖ rows[m][k] · block[k]`.
#[target_feature(enable = "avx512f")]
pub(super) fn multiply<const M: usize>(sums: &mut Sums<M>, rows: &[&[f32]; M], block: &[Line]) {
    assert!(rows.iter().all(|row| row.len() == block.len()), "a tile's rows are as long as its matrix is deep");
    let mut tile = *sums; // in registers
    for (k, Line(line)) in block.iter().enumerate() {
        // SAFETY: a line has `VECTORS` vectors of `LANES` numbers, and is aligned to 64 bytes.
        let line: [__m512; VECTORS] = unsafe { *line.as_ptr().cast() };
        for m in 0..M {
            // SAFETY: `k` is less than the number of lines, which is the length of every row.
            let number = all(unsafe { *rows[m].get_unchecked(k) });
            for v in 0..VECTORS {
                tile[m][v] = _mm512_fmadd_ps(number, line[v], tile[m][v]);
            }
        }
    }
    *sums = tile;
}

/// Split `count` rows into tiles of nearly one size, at most [`ROWS`] each: (first row, rows).
pub(super) fn tiles(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let n = count.div_ceil(ROWS);
    (0..n).map(move |tile| (tile * count / n, (tile + 1) * count / n - tile * count / n))
}
