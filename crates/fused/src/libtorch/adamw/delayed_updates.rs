//! Steps that a table's rows put off until somebody reads them.
//!
//! A row without a gradient still moves in AdamW: by its momentum and by weight decay. How, is known from the rates of
//! the steps alone, so it can wait until the row is read, learns or is stored; then nobody can tell.

use super::kernel::{Piece, Rates};

/// How far each row of a table is behind.
#[derive(Debug, Clone)]
pub(crate) struct Arrears {
    /// H, the numbers in a row.
    width: usize,
    /// The steps that the table has taken since all its rows were last up to date.
    past: Vec<Rates>,
    /// For each row, how many of those steps it has taken.
    taken: Vec<usize>,
}

/// The numbers of a whole table, `[V, H]` each.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) value: &'a mut [f32],
    pub(crate) mean: &'a mut [f32],
    pub(crate) square: &'a mut [f32],
}

impl Arrears {
    /// Of a table of `rows` rows, all up to date.
    pub(crate) fn none(rows: usize, width: usize) -> Self {
        Arrears { width, past: Vec::new(), taken: vec![0; rows] }
    }

    /// What brings the rows `ids`, which ascend, up to date.
    pub(crate) fn made_up<'a>(&'a mut self, table: Table<'a>, ids: &[u32]) -> Vec<Piece<'a>> {
        let (now, past) = (self.past.len(), &self.past);
        let pieces = rows(table, ids, self.width).into_iter().zip(ids);
        let behind = pieces.filter_map(|(piece, &id)| {
            let taken = std::mem::replace(&mut self.taken[id as usize], now);
            (taken < now).then_some(Piece { missed: &past[taken..], ..piece })
        });
        behind.collect()
    }

    /// What takes the table's next step, in which the rows `ids`, which ascend, have the gradients `[U, H]` and all
    /// others none.
    pub(crate) fn step<'a>(
        &'a mut self,
        table: Table<'a>,
        ids: &[u32],
        gradients: &'a [f32],
        rates: Rates,
    ) -> Vec<Piece<'a>> {
        let before = self.past.len();
        self.past.push(rates);
        let (past, width) = (&self.past, self.width);
        let pieces = rows(table, ids, width).into_iter().zip(ids).zip(gradients.chunks_exact(width));
        let stepping = pieces.map(|((piece, &id), gradient)| {
            let taken = std::mem::replace(&mut self.taken[id as usize], before + 1);
            Piece { missed: &past[taken..before], step: Some((gradient, rates)), ..piece }
        });
        stepping.collect()
    }

    /// Every row is up to date: forget how it came there.
    pub(crate) fn settled(&mut self) {
        self.past.clear();
        self.taken.fill(0);
    }

    /// The ids of all rows.
    pub(crate) fn all(&self) -> Vec<u32> {
        (0..self.taken.len() as u32).collect()
    }
}

/// The rows `ids`, which ascend, with nothing to be done to them yet.
fn rows<'a>(table: Table<'a>, ids: &[u32], width: usize) -> Vec<Piece<'a>> {
    let parts = [table.value, table.mean, table.square].map(|numbers| chosen(numbers, ids, width).into_iter());
    let [values, means, squares] = parts;
    let piece = |((value, mean), square)| Piece { value, mean, square, missed: &[], step: None };
    values.zip(means).zip(squares).map(piece).collect()
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
