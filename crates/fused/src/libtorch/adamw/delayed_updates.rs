//! Steps that a table's rows delay until they are read.
//!
//! A row without a gradient still moves in AdamW: by its momentum and by weight decay. These moves depend only on the
//! rates of the steps, so they can wait until the row is read, learns or is stored; the result is the same.

use super::kernel::{Rates, Slice};

/// How far each row of a table is behind.
#[derive(Debug, Clone)]
pub(crate) struct DelayedUpdates {
    /// H, the numbers in a row.
    width: usize,
    /// The steps of the table since all its rows were last up to date.
    past: Vec<Rates>,
    /// For each row, the number of those steps that it has taken.
    taken: Vec<usize>,
}

/// The numbers of a whole table, `[V, H]` each.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) value: &'a mut [f32],
    pub(crate) mean: &'a mut [f32],
    pub(crate) square: &'a mut [f32],
}

impl DelayedUpdates {
    /// A table of `rows` rows that are all up to date.
    pub(crate) fn new(rows: usize, width: usize) -> Self {
        DelayedUpdates { width, past: Vec::new(), taken: vec![0; rows] }
    }

    /// The slices that bring the ascending rows `ids` up to date.
    pub(crate) fn catch_up<'a>(&'a mut self, table: Table<'a>, ids: &[u32]) -> Vec<Slice<'a>> {
        let (now, past) = (self.past.len(), &self.past);
        let slices = rows(table, ids, self.width).into_iter().zip(ids);
        let behind = slices.filter_map(|(slice, &id)| {
            let taken = std::mem::replace(&mut self.taken[id as usize], now);
            (taken < now).then_some(Slice { missed: &past[taken..], ..slice })
        });
        behind.collect()
    }

    /// The slices of the table's next step, in which the ascending rows `ids` have the gradients `[U, H]`, and all
    /// others none.
    pub(crate) fn step<'a>(
        &'a mut self,
        table: Table<'a>,
        ids: &[u32],
        gradients: &'a [f32],
        rates: Rates,
    ) -> Vec<Slice<'a>> {
        let before = self.past.len();
        self.past.push(rates);
        let (past, width) = (&self.past, self.width);
        let slices = rows(table, ids, width).into_iter().zip(ids).zip(gradients.chunks_exact(width));
        let stepping = slices.map(|((slice, &id), gradient)| {
            let taken = std::mem::replace(&mut self.taken[id as usize], before + 1);
            Slice { missed: &past[taken..before], step: Some((gradient, rates)), ..slice }
        });
        stepping.collect()
    }

    /// Forget past steps; every row must be up to date.
    pub(crate) fn clear(&mut self) {
        self.past.clear();
        self.taken.fill(0);
    }

    /// The ids of all rows.
    pub(crate) fn all(&self) -> Vec<u32> {
        (0..self.taken.len() as u32).collect()
    }
}

/// The ascending rows `ids` as slices without a step.
fn rows<'a>(table: Table<'a>, ids: &[u32], width: usize) -> Vec<Slice<'a>> {
    let parts = [table.value, table.mean, table.square].map(|numbers| chosen(numbers, ids, width).into_iter());
    let [values, means, squares] = parts;
    let slice = |((value, mean), square)| Slice { value, mean, square, missed: &[], step: None };
    values.zip(means).zip(squares).map(slice).collect()
}

fn chosen<'a>(mut numbers: &'a mut [f32], ids: &[u32], width: usize) -> Vec<&'a mut [f32]> {
    let mut next = 0;
    let mut row = |&id: &u32| {
        let from = (id as usize - next) * width;
        next = id as usize + 1;
        let (row, rest) = std::mem::take(&mut numbers).split_at_mut(from).1.split_at_mut(width);
        numbers = rest;
        row
    };
    ids.iter().map(&mut row).collect()
}
