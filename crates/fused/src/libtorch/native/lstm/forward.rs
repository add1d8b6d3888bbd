//! The recurrence forwards: from the input's part of the gates to gates, cells and hidden states.
#![expect(unsafe_code, reason = "threads write disjoint rows or columns of one tensor")]

use std::arch::x86_64::*;

use super::sequences::{Columns, Group};
use super::tile::{Packed, Sums, VECTORS, multiply, tiles};
use super::vector::{LANES, load, sigmoid, store, tanh};

/// One direction of a layer.
#[derive(Debug)]
pub(super) struct Forward<'a> {
    /// `[1, 4·L]`, the sum of both.
    pub(super) biases: Columns<'a>,
    /// `[R, 4·L]`: first the input's part, then the gates.
    pub(super) gates: Columns<'a>,
    /// `[R, L]`, to be written.
    pub(super) cells: Columns<'a>,
    /// `[R, L]`, to be written.
    pub(super) hidden: Columns<'a>,
    /// The weights from the hidden state to the gates.
    pub(super) weights: Packed,
}

/// `M` sequences of a group at one step, and 16 cells of each.
struct Tile<const M: usize> {
    rows: [usize; M],
    /// Their rows one step before; `None` at the first step, where all states are zero.
    before: Option<[usize; M]>,
    block: usize,
}

impl Forward<'_> {
    /// All steps of one group.
    ///
    /// # Safety
    /// Nothing else accesses this direction's share of the group's rows.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn run(&self, group: &Group) {
        for step in 0..group.steps() {
            for block in 0..self.weights.n_blocks() {
                for (first, count) in tiles(group.active(step)) {
                    // SAFETY: the caller guarantees exclusive access to the rows of the group, and this thread takes them tile by tile.
                    unsafe { self.sized(group, step, block, (first, count)) }
                }
            }
        }
    }

    /// # Safety
    /// As for [`Forward::run`].
    #[target_feature(enable = "avx512f")]
    unsafe fn sized(&self, group: &Group, step: usize, block: usize, (first, count): (usize, usize)) {
        // SAFETY: the caller guarantees exclusive access to the rows of the group.
        unsafe {
            match count {
                1 => self.tile(&Tile::<1>::new(group, step, block, first)),
                2 => self.tile(&Tile::<2>::new(group, step, block, first)),
                3 => self.tile(&Tile::<3>::new(group, step, block, first)),
                4 => self.tile(&Tile::<4>::new(group, step, block, first)),
                5 => self.tile(&Tile::<5>::new(group, step, block, first)),
                6 => self.tile(&Tile::<6>::new(group, step, block, first)),
                _ => unreachable!("`tiles` makes tiles of 1 to 6 rows"),
            }
        }
    }

    /// # Safety
    /// Nothing else accesses this direction's share of the tile's rows, and nothing writes to the rows before.
    #[target_feature(enable = "avx512f")]
    unsafe fn tile<const M: usize>(&self, tile: &Tile<M>) {
        let at = tile.block * LANES;
        let l = self.hidden.width;
        let mut sums: Sums<M> = [[_mm512_setzero_ps(); VECTORS]; M];
        // SAFETY: nothing writes to the biases.
        let biases = unsafe { self.biases.row(0) };
        for (sums, row) in sums.iter_mut().zip(tile.rows) {
            // SAFETY: nothing writes to the tile's rows now.
            let gates = unsafe { self.gates.row(row) };
            for (gate, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_add_ps(load(gates, gate * l + at), load(biases, gate * l + at));
            }
        }
        if let Some(before) = tile.before {
            // SAFETY: the rows of the step before are finished.
            let hidden = before.map(|row| unsafe { self.hidden.row(row) });
            multiply(&mut sums, &hidden, self.weights.block(tile.block));
        }
        for (m, sums) in sums.into_iter().enumerate() {
            // SAFETY: as the caller's promise; no other reference to these rows is alive.
            unsafe { self.cell(sums, tile.rows[m], tile.before.map(|before| before[m]), at) }
        }
    }

    /// c = σ(f)·c₋₁ + σ(i)·tanh(g) and h = σ(o)·tanh(c), for 16 cells of one row.
    ///
    /// # Safety
    /// Nothing else accesses this direction's share of `row`, and nothing writes to that of `before`.
    #[target_feature(enable = "avx512f")]
    unsafe fn cell(&self, sums: [__m512; VECTORS], row: usize, before: Option<usize>, at: usize) {
        let [input, forget, cell, output] = sums;
        let (input, forget, candidate, output) = (sigmoid(input), sigmoid(forget), tanh(cell), sigmoid(output));
        // SAFETY: nothing writes to the row before.
        let before = before.map_or(_mm512_setzero_ps(), |row| load(unsafe { self.cells.row(row) }, at));
        let cell = _mm512_fmadd_ps(forget, before, _mm512_mul_ps(input, candidate));
        // SAFETY: nothing else accesses this row, and these are three tensors.
        let (gates, cells, hidden) =
            unsafe { (self.gates.row_mut(row), self.cells.row_mut(row), self.hidden.row_mut(row)) };
        for (gate, value) in [input, forget, candidate, output].into_iter().enumerate() {
            store(gates, gate * self.hidden.width + at, value);
        }
        store(cells, at, cell);
        store(hidden, at, _mm512_mul_ps(output, tanh(cell)));
    }
}

impl<const M: usize> Tile<M> {
    fn new(group: &Group, step: usize, block: usize, first: usize) -> Self {
        let rows = |step| std::array::from_fn(|m| group.row(first + m, step));
        Tile { rows: rows(step), before: (step > 0).then(|| rows(step - 1)), block }
    }
}
