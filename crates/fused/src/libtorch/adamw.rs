//! One AdamW step of all parameters at once, in place; the twin of `adamw::plain`.
//!
//! On a CPU, [`kernel`] makes one pass over the memory of all parameters; on other devices, [`lists`] calls LibTorch's
//! kernel.
#![expect(unsafe_code, reason = "parameters and moments are changed where they lie")]

pub(crate) mod delayed_updates;
mod kernel;
mod lists;
mod registers;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Tensor;
use tch::{Device, Tensor as Tch};

use super::memory::{Numbers, parallel};
use super::plain;
use crate::adamw::{Betas, Direction, Entry, Moments, TINY, sum_of};
use delayed_updates::{DelayedUpdates, Table};
use kernel::{Hyperparameters, Rates, Slice, sum_of_squares};

/// Numbers in one task: long streams, but several tasks for each thread.
const SLICE: usize = 64 * 1024;

/// Take the step of `entries`, with the norm of all gradients limited to `limit`.
pub(crate) fn step(betas: Betas, entries: &mut [Entry], limit: Option<f64>) {
    let on_a_processor = |entry: &Entry| plain(entry.value.clone()).device() == Device::Cpu;
    if entries.iter().all(on_a_processor) {
        on_memory(betas, entries, limit);
    } else {
        lists::step(betas, entries, limit);
    }
}

/// Bring the rows `ids` of a table up to date, or all of them.
pub(crate) fn catch_up(betas: Betas, table: &Tensor<1>, moments: &mut Moments, ids: Option<&[u32]>) {
    let Some(delayed) = &mut moments.delayed else { return };
    let [value, mean, square] = [table, &moments.mean, &moments.square].map(|tensor| plain(tensor.clone()));
    // SAFETY: three different tensors; nothing else accesses a module during its optimizer's step (`Optimizer`).
    let [value, mean, square] = [&value, &mean, &square].map(|tensor| unsafe { written(tensor) });
    let (all, constants) = (ids.is_none().then(|| delayed.all()), Hyperparameters::new(betas));
    let slices = delayed.catch_up(Table { value, mean, square }, ids.or(all.as_deref()).unwrap_or_default());
    each(slices, Slice::numbers, |slice| slice.work(&constants, 1.0));
    if ids.is_none() {
        delayed.clear();
    }
}

/// Add the rows of `gradient` at its places to each sum.
pub(crate) fn sum_rows(gradient: Tensor<2>, sums: Vec<(&mut [f32], &[usize])>) {
    let gradient = plain(gradient).contiguous();
    // SAFETY: nothing writes to a gradient after the step has received it.
    let gradient = unsafe { read(&gradient) };
    each(sums, |(sum, places)| sum.len() * places.len(), |(sum, places)| sum_of(gradient, sum, places));
}

/// The tensors of an entry on a CPU.
struct Opened {
    value: Tch,
    mean: Tch,
    square: Tch,
    /// The gradient, if it covers all numbers.
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

    /// The tasks of the step; `entry` belongs to `self`.
    fn slices<'a>(&'a self, entry: &'a mut Entry) -> Vec<Slice<'a>> {
        // SAFETY: three different tensors, and those of each entry are its own; nothing else accesses a module during its
        // optimizer's step (`Optimizer`). The tasks are disjoint parts of the slices made here.
        let [value, mean, square] = [&self.value, &self.mean, &self.square].map(|tensor| unsafe { written(tensor) });
        let (table, rates, delayed) = (Table { value, mean, square }, self.rates, &mut entry.moments.delayed);
        match (&entry.direction, delayed) {
            (Direction::Rows(rows), delayed) => {
                let new = || DelayedUpdates::new(table.value.len() / rows.width.max(1), rows.width);
                delayed.get_or_insert_with(new).step(table, &rows.ids, &rows.numbers, rates)
            }
            (Direction::Whole(_), Some(delayed)) => {
                let all = delayed.all();
                delayed.step(table, &all, self.whole(), rates)
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
        // SAFETY: nothing writes to a gradient after the step has received it.
        self.whole.as_ref().map_or(&[], |gradient| unsafe { read(gradient) })
    }
}

fn cut<'a>(table: Table<'a>, gradient: &'a [f32], rates: Rates) -> Vec<Slice<'a>> {
    let moments = table.mean.chunks_mut(SLICE).zip(table.square.chunks_mut(SLICE));
    let parts = table.value.chunks_mut(SLICE).zip(gradient.chunks(SLICE)).zip(moments);
    let slice =
        |((value, gradient), (mean, square))| Slice { value, mean, square, missed: &[], step: Some((gradient, rates)) };
    parts.map(slice).collect()
}

fn on_memory(betas: Betas, entries: &mut [Entry], limit: Option<f64>) {
    let opened: Vec<Opened> = entries.iter().map(|entry| Opened::of(entry, betas)).collect();
    let scale = limit.map_or(1.0, |limit| {
        let gradients = opened.iter().zip(&*entries).map(|(opened, entry)| opened.gradient(entry));
        (limit / (norm(gradients) + TINY)).min(1.0)
    });
    let slices = opened.iter().zip(entries).flat_map(|(opened, entry)| opened.slices(entry));
    let constants = Hyperparameters::new(betas);
    each(slices.collect(), Slice::numbers, |slice| slice.work(&constants, scale as f32));
}

/// ‖gradients‖₂, with the same bits for any number of threads.
fn norm<'a>(gradients: impl Iterator<Item = &'a [f32]>) -> f64 {
    let slices: Vec<&[f32]> = gradients.flat_map(|gradient| gradient.chunks(SLICE)).collect();
    let mut sums = vec![0.0; slices.len()];
    let items = sums.iter_mut().zip(slices).collect();
    each(items, |(_, slice)| slice.len(), |(sum, slice)| *sum = sum_of_squares(slice));
    sums.iter().sum::<f64>().sqrt()
}

/// Do `work` on all `items` with LibTorch's threads; each takes the next item when it is done. Fewer threads run if
/// there is too little work; `numbers` is the size of an item.
fn each<T: Send>(items: Vec<T>, numbers: impl Fn(&T) -> usize, work: impl Fn(T) + Sync) {
    let worth = items.iter().map(numbers).sum::<usize>().div_ceil(SLICE);
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

/// The numbers of `tensor`, writable.
///
/// # Safety
/// Nothing else reads or writes them while the slice lives.
#[expect(clippy::mut_from_ref, reason = "the caller guarantees it")]
unsafe fn written(tensor: &Tch) -> &mut [f32] {
    let numbers = Numbers::<f32>::of(tensor);
    // SAFETY: the caller's promise.
    unsafe { numbers.part_mut(0..numbers.len()) }
}

/// The numbers of `tensor`.
///
/// # Safety
/// Nothing writes to them while the slice lives.
unsafe fn read(tensor: &Tch) -> &[f32] {
    let numbers = Numbers::<f32>::of(tensor);
    // SAFETY: the caller's promise.
    unsafe { numbers.part(0..numbers.len()) }
}

#[cfg(test)]
mod tests;
