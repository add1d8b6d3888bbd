//! One AdamW step of all parameters at once, in place; the twin of `adamw::plain`.
//!
//! On a processor one pass over the memory of all of them in [`kernel`]; elsewhere LibTorch's own kernel in [`lists`].
#![expect(unsafe_code, reason = "parameters and moments are changed where they lie")]

pub(crate) mod arrears;
mod kernel;
mod lists;
mod registers;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Tensor;
use tch::{Device, Tensor as Tch};

use super::native::memory::{Numbers, parallel};
use super::plain;
use crate::adamw::{Betas, Direction, Entry, Group, Moments, TINY, sum_of};
use arrears::{Arrears, Table};
use kernel::{Law, Piece, Rates, sum_of_squares};

/// Numbers that a thread works on in one go: long streams, yet several for each thread.
const PIECE: usize = 64 * 1024;

/// The step of `entries`, all gradients together no longer than `limit`.
pub(crate) fn step(betas: Betas, entries: &mut [Entry], limit: Option<f64>) {
    let on_a_processor = |entry: &Entry| plain(entry.value.clone()).device() == Device::Cpu;
    if entries.iter().all(on_a_processor) {
        on_memory(betas, entries, limit);
    } else {
        lists::step(betas, entries, limit, None);
    }
}

/// The step of `entries` by the rates and numbers that `dial` holds when the device takes it; which of them are alike.
pub(crate) fn told_step(
    betas: Betas,
    entries: &[Entry],
    limit: Option<f64>,
    dial: Tensor<1>,
) -> Vec<(Group, Vec<String>)> {
    lists::step(betas, entries, limit, Some(&plain(dial)))
}

/// Bring the rows `ids` of a table up to date, or all of them.
pub(crate) fn make_up(betas: Betas, table: &Tensor<1>, moments: &mut Moments, ids: Option<&[u32]>) {
    let Some(arrears) = &mut moments.arrears else { return };
    let [value, mean, square] = [table, &moments.mean, &moments.square].map(|tensor| plain(tensor.clone()));
    // SAFETY: three different tensors; nobody else works on a module while its optimizer does (`Optimizer`).
    let [value, mean, square] = [&value, &mean, &square].map(|tensor| unsafe { written(tensor) });
    let (all, law) = (ids.is_none().then(|| arrears.all()), Law::new(betas));
    let pieces = arrears.made_up(Table { value, mean, square }, ids.or(all.as_deref()).unwrap_or_default());
    each(pieces, Piece::numbers, |piece| piece.work(&law, 1.0));
    if ids.is_none() {
        arrears.settled();
    }
}

/// Add to each sum the rows of `gradient` at its places.
pub(crate) fn sum_rows(gradient: Tensor<2>, sums: Vec<(&mut [f32], &[usize])>) {
    let gradient = plain(gradient).contiguous();
    // SAFETY: nobody writes to a gradient that has been handed over.
    let gradient = unsafe { read(&gradient) };
    each(sums, |(sum, places)| sum.len() * places.len(), |(sum, places)| sum_of(gradient, sum, places));
}

/// The tensors of an entry on a processor.
struct Opened {
    value: Tch,
    mean: Tch,
    square: Tch,
    /// If it is of all the numbers.
    whole: Option<Tch>,
    rates: Rates,
}

impl Opened {
    fn of(entry: &Entry, betas: Betas) -> Self {
        let Moments { mean, square, steps, .. } = &entry.moments;
        let [value, mean, square] = [&entry.value, mean, square].map(|tensor| plain(tensor.clone()));
        let whole = match &entry.direction {
            Direction::Whole(gradient) => Some(plain(gradient.clone()).contiguous()),
            Direction::Rows(_) => None,
        };
        Opened { value, mean, square, whole, rates: Rates::new(betas, entry.group, *steps) }
    }

    /// What the step has to do, piece by piece; `entry` is that of `self`.
    fn pieces<'a>(&'a self, entry: &'a mut Entry) -> Vec<Piece<'a>> {
        // SAFETY: three different tensors, and those of each entry are its own; nobody else works on a module while
        // its optimizer does (`Optimizer`). The pieces are disjoint parts of the slices made here.
        let [value, mean, square] = [&self.value, &self.mean, &self.square].map(|tensor| unsafe { written(tensor) });
        let (table, rates, arrears) = (Table { value, mean, square }, self.rates, &mut entry.moments.arrears);
        match (&entry.direction, arrears) {
            (Direction::Rows(rows), arrears) => {
                let none = || Arrears::none(table.value.len() / rows.width.max(1), rows.width);
                arrears.get_or_insert_with(none).step(table, &rows.ids, &rows.numbers, rates)
            }
            (Direction::Whole(_), Some(arrears)) => {
                let all = arrears.all();
                arrears.step(table, &all, self.whole(), rates)
            }
            (Direction::Whole(_), None) => cut(table, self.whole(), rates),
        }
    }

    fn gradient<'a>(&'a self, entry: &'a Entry) -> &'a [f32] {
        match &entry.direction {
            Direction::Whole(_) => self.whole(),
            Direction::Rows(rows) => &rows.numbers,
        }
    }

    fn whole(&self) -> &[f32] {
        // SAFETY: nobody writes to a gradient that has been handed over.
        self.whole.as_ref().map_or(&[], |gradient| unsafe { read(gradient) })
    }
}

fn cut<'a>(table: Table<'a>, gradient: &'a [f32], rates: Rates) -> Vec<Piece<'a>> {
    let moments = table.mean.chunks_mut(PIECE).zip(table.square.chunks_mut(PIECE));
    let parts = table.value.chunks_mut(PIECE).zip(gradient.chunks(PIECE)).zip(moments);
    let piece =
        |((value, gradient), (mean, square))| Piece { value, mean, square, missed: &[], step: Some((gradient, rates)) };
    parts.map(piece).collect()
}

fn on_memory(betas: Betas, entries: &mut [Entry], limit: Option<f64>) {
    let opened: Vec<Opened> = entries.iter().map(|entry| Opened::of(entry, betas)).collect();
    let scale = limit.map_or(1.0, |limit| {
        let gradients = opened.iter().zip(&*entries).map(|(opened, entry)| opened.gradient(entry));
        (limit / (norm(gradients) + TINY)).min(1.0)
    });
    let pieces = opened.iter().zip(entries).flat_map(|(opened, entry)| opened.pieces(entry));
    let law = Law::new(betas);
    each(pieces.collect(), Piece::numbers, |piece| piece.work(&law, scale as f32));
}

/// ‖gradients‖₂, to the same bits with any number of threads.
fn norm<'a>(gradients: impl Iterator<Item = &'a [f32]>) -> f64 {
    let pieces: Vec<&[f32]> = gradients.flat_map(|gradient| gradient.chunks(PIECE)).collect();
    let mut sums = vec![0.0; pieces.len()];
    let items = sums.iter_mut().zip(pieces).collect();
    each(items, |(_, piece)| piece.len(), |(sum, piece)| *sum = sum_of_squares(piece));
    sums.iter().sum::<f64>().sqrt()
}

/// Do `work` on all `items` with the threads of LibTorch, each taking the next one when it is done; with fewer where
/// there is too little to do, `numbers` being the size of an item.
fn each<T: Send>(items: Vec<T>, numbers: impl Fn(&T) -> usize, work: impl Fn(T) + Sync) {
    let worth = items.iter().map(numbers).sum::<usize>().div_ceil(PIECE);
    let next = AtomicUsize::new(0);
    let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    parallel(worth.min(tch::get_num_threads().max(1) as usize), 1, |_| {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(item) = item.lock().ok().and_then(|mut item| item.take()) {
                work(item);
            }
        }
    });
}

/// The numbers of `tensor`, to be written.
///
/// # Safety
/// Nobody else reads or writes them as long as the slice lives.
#[expect(clippy::mut_from_ref, reason = "the caller answers for it")]
unsafe fn written(tensor: &Tch) -> &mut [f32] {
    let numbers = Numbers::<f32>::of(tensor);
    // SAFETY: the caller's.
    unsafe { numbers.part_mut(0..numbers.len()) }
}

/// The numbers of `tensor`.
///
/// # Safety
/// Nobody writes to them as long as the slice lives.
unsafe fn read(tensor: &Tch) -> &[f32] {
    let numbers = Numbers::<f32>::of(tensor);
    // SAFETY: the caller's.
    unsafe { numbers.part(0..numbers.len()) }
}

#[cfg(test)]
mod tests;
