//! The recurrence backwards: from the gradient of the hidden states to that of the gates' inputs.
#![expect(unsafe_code, reason = "threads write disjoint rows or columns of one tensor")]

use std::arch::x86_64::*;

use super::sequences::{Columns, Group};
use super::tile::{Packed, Sums, VECTORS, WIDTH, multiply, tiles};
use super::vector::{LANES, all, load, store, tanh, without_traces};

/// One direction of a layer.
#[derive(Debug)]
pub(super) struct Backward<'a> {
    /// `[R, 4·L]`: first the gates, then the gradient of their inputs.
    pub(super) gates: Columns<'a>,
    /// `[R, L]`
    pub(super) cells: Columns<'a>,
    /// `[R, L]`: the gradient of the layer's output.
    pub(super) flowing: Columns<'a>,
    /// The weights from the gates back to the hidden state.
    pub(super) weights: Packed,
}

/// The gradients that later steps pass back to each sequence of a group; zero at first.
struct Carried {
    /// `[sequences, blocks·64]`: the gradient of the hidden state.
    hidden: Vec<f32>,
    /// `[sequences, L]`: the gradient of the cell.
    cell: Vec<f32>,
}

impl Backward<'_> {
    /// All steps of one group, the last one first.
    ///
    /// # Safety
    /// Nothing else accesses this direction's share of the group's rows.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn run(&self, group: &Group) {
        let width = self.weights.n_blocks() * WIDTH;
        let zeros = |width| vec![0.0; group.len() * width];
        let mut carried = Carried { hidden: zeros(width), cell: zeros(self.cells.width) };
        for step in (0..group.steps()).rev() {
            for sequence in 0..group.active(step) {
                let hidden = &carried.hidden[sequence * width..][..width];
                let cell = &mut carried.cell[sequence * self.cells.width..][..self.cells.width];
                let before = (step > 0).then(|| group.row(sequence, step - 1));
                // SAFETY: the caller guarantees exclusive access to the rows of the group, and this thread takes them one by one.
                unsafe { self.cells(group.row(sequence, step), before, hidden, cell) }
            }
            if step > 0 {
                // SAFETY: as above.
                unsafe { self.to_hidden(group, step, &mut carried.hidden) }
            }
        }
    }

    /// The cells of one row. With h = o·tanh(c), c = f·c₋₁ + i·g and σ' = σ·(1 - σ), tanh' = 1 - tanh²:
    /// dc += dh·o·(1 - tanh²(c)), then di = dc·g·i·(1 - i), df = dc·c₋₁·f·(1 - f), dg = dc·i·(1 - g²),
    /// do = dh·tanh(c)·o·(1 - o), and dc·f is passed on.
    ///
    /// # Safety
    /// Nothing else accesses this direction's share of `row`, and nothing writes to that of `before`.
    #[target_feature(enable = "avx512f")]
    unsafe fn cells(&self, row: usize, before: Option<usize>, from_hidden: &[f32], from_cell: &mut [f32]) {
        let l = self.cells.width;
        // SAFETY: nothing else accesses this row, and these are three tensors.
        let (gates, cells, flowing) = unsafe { (self.gates.row_mut(row), self.cells.row(row), self.flowing.row(row)) };
        // SAFETY: nothing writes to the row before.
        let before = before.map(|row| unsafe { self.cells.row(row) });
        for at in (0..l).step_by(LANES) {
            let [i, f, g, o] = [load(gates, at), load(gates, l + at), load(gates, 2 * l + at), load(gates, 3 * l + at)];
            let state = tanh(load(cells, at));
            let before = before.map_or(_mm512_setzero_ps(), |cells| load(cells, at));
            let dh = _mm512_add_ps(load(from_hidden, at), load(flowing, at));
            let slope = _mm512_fnmadd_ps(state, state, all(1.0));
            let dc = _mm512_fmadd_ps(_mm512_mul_ps(dh, o), slope, load(from_cell, at));
            let [di, df, dg] = [_mm512_mul_ps(dc, g), _mm512_mul_ps(dc, before), _mm512_mul_ps(dc, i)];
            let dg = _mm512_mul_ps(dg, _mm512_fnmadd_ps(g, g, all(1.0)));
            let [di, df] = [_mm512_mul_ps(di, sigmoid_slope(i)), _mm512_mul_ps(df, sigmoid_slope(f))];
            let d_output = _mm512_mul_ps(_mm512_mul_ps(dh, state), sigmoid_slope(o));
            for (gate, gradient) in [di, df, dg, d_output].into_iter().enumerate() {
                store(gates, gate * l + at, without_traces(gradient));
            }
            store(from_cell, at, without_traces(_mm512_mul_ps(dc, f)));
        }
    }

    /// The gradient that the gates of `step` pass to the hidden states of the step before.
    ///
    /// # Safety
    /// Nothing writes to this direction's share of the group's rows.
    #[target_feature(enable = "avx512f")]
    unsafe fn to_hidden(&self, group: &Group, step: usize, hidden: &mut [f32]) {
        for block in 0..self.weights.n_blocks() {
            for (first, count) in tiles(group.active(step)) {
                let rows = first..first + count;
                // SAFETY: the caller guarantees that nothing writes to the rows.
                let gates = |m| unsafe { self.gates.row(group.row(rows.start + m, step)) };
                match count {
                    1 => self.tile::<1>([0].map(gates), block, first, hidden),
                    2 => self.tile::<2>([0, 1].map(gates), block, first, hidden),
                    3 => self.tile::<3>([0, 1, 2].map(gates), block, first, hidden),
                    4 => self.tile::<4>([0, 1, 2, 3].map(gates), block, first, hidden),
                    5 => self.tile::<5>([0, 1, 2, 3, 4].map(gates), block, first, hidden),
                    6 => self.tile::<6>([0, 1, 2, 3, 4, 5].map(gates), block, first, hidden),
                    _ => unreachable!("`tiles` makes tiles of 1 to 6 rows"),
                }
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    fn tile<const M: usize>(&self, gates: [&[f32]; M], block: usize, first: usize, hidden: &mut [f32]) {
        let mut sums: Sums<M> = [[_mm512_setzero_ps(); VECTORS]; M];
        multiply(&mut sums, &gates, self.weights.block(block));
        let width = self.weights.n_blocks() * WIDTH;
        for (m, sums) in sums.into_iter().enumerate() {
            for (vector, sum) in sums.into_iter().enumerate() {
                store(hidden, (first + m) * width + block * WIDTH + vector * LANES, sum);
            }
        }
    }
}

/// σ·(1 - σ), from σ.
#[inline]
#[target_feature(enable = "avx512f")]
fn sigmoid_slope(sigmoid: __m512) -> __m512 {
    _mm512_fnmadd_ps(sigmoid, sigmoid, sigmoid)
}
