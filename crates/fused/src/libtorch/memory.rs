//! The memory of LibTorch's CPU tensors, and LibTorch's own threads to work on it.
#![expect(unsafe_code, reason = "kernels write disjoint parts of one tensor from several threads")]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use half::bf16;
use tch::{Device, Kind, Tensor};

/// A number that a tensor may hold.
pub(crate) trait Number: Copy + Send + Sync + 'static {
    /// LibTorch's name for it.
    const KIND: Kind;
}

impl Number for f32 {
    const KIND: Kind = Kind::Float;
}

impl Number for bf16 {
    const KIND: Kind = Kind::BFloat16;
}

/// The numbers of a contiguous CPU tensor, writable by several threads in disjoint parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'a, T> {
    start: *mut T,
    len: usize,
    tensor: PhantomData<&'a Tensor>,
}

// SAFETY: the pointer is to plain numbers, and callers that hold two parts at once guarantee that they are disjoint
// (`part_mut`).
unsafe impl<T: Number> Send for Numbers<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Number> Sync for Numbers<'_, T> {}

impl<'a, T: Number> Numbers<'a, T> {
    /// The numbers of `tensor`.
    pub(crate) fn of(tensor: &'a Tensor) -> Self {
        assert!(
            tensor.device() == Device::Cpu && tensor.kind() == T::KIND && tensor.is_contiguous(),
            "a kernel was given another tensor than it was written for"
        );
        Numbers { start: tensor.data_ptr().cast(), len: tensor.numel(), tensor: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// A readable part.
    ///
    /// # Safety
    /// Nothing writes to this part while it lives.
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &'a [T] {
        assert!(range.start <= range.end && range.end <= self.len, "a kernel reached beyond its tensor");
        // SAFETY: the range lies within the tensor, whose memory lives as long as 'a; the caller guarantees that nothing writes.
        unsafe { std::slice::from_raw_parts(self.start.add(range.start), range.len()) }
    }

    /// A writable part.
    ///
    /// # Safety
    /// Nothing else reads or writes this part while it lives.
    pub(crate) unsafe fn part_mut(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "a kernel reached beyond its tensor");
        // SAFETY: the range lies within the tensor, whose memory lives as long as 'a; the caller guarantees exclusive access.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

unsafe extern "C" {
    fn shim_parallel(count: i64, grain: i64, work: extern "C" fn(*mut c_void, i64, i64), context: *mut c_void);
}

/// Do `work` on all of `0..count`, split into one range for each of LibTorch's threads, each at least `grain` long.
/// LibTorch's own operators run on these threads; others would compete with them for the cores.
pub(crate) fn parallel<F: Fn(Range<usize>) + Sync>(count: usize, grain: usize, work: F) {
    extern "C" fn call<F: Fn(Range<usize>)>(context: *mut c_void, from: i64, to: i64) {
        // SAFETY: `context` is the `work` below, which outlives the call of `shim_parallel`. A panic in it ends the
        // process here, because an `extern "C"` function does not unwind.
        let work = unsafe { &*context.cast::<F>() };
        work(from as usize..to as usize);
    }
    if count > 0 {
        let context = std::ptr::from_ref(&work).cast_mut().cast();
        // SAFETY: `work` is `Sync`, is only read, and lives until all threads have returned.
        unsafe { shim_parallel(count as i64, grain.max(1) as i64, call::<F>, context) };
    }
}

/// As [`parallel`], where each range also adds up `width` numbers; returns their sums over all ranges, independent of
/// the order of the threads.
pub(crate) fn parallel_sums<F>(count: usize, grain: usize, width: usize, work: F) -> Vec<f32>
where
    F: Fn(Range<usize>, &mut [f32]) + Sync,
{
    let parts = Mutex::new(Vec::new());
    parallel(count, grain, |range| {
        let (start, mut part) = (range.start, vec![0.0; width]);
        work(range, &mut part);
        parts.lock().unwrap_or_else(PoisonError::into_inner).push((start, part));
    });
    let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_by_key(|(start, _)| *start);
    let add = |mut total: Vec<f32>, (_, part): (usize, Vec<f32>)| {
        total.iter_mut().zip(part).for_each(|(total, x)| *total += x);
        total
    };
    parts.into_iter().fold(vec![0.0; width], add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_cover_everything_once() {
        let tensor = Tensor::zeros([10_000], (Kind::Float, Device::Cpu));
        let numbers = Numbers::<f32>::of(&tensor);
        parallel(numbers.len(), 16, |range| {
            // SAFETY: the ranges of `parallel` are disjoint.
            unsafe { numbers.part_mut(range) }.iter_mut().for_each(|x| *x += 1.0);
        });
        assert_eq!(tensor.min().double_value(&[]), 1.0);
        assert_eq!(tensor.max().double_value(&[]), 1.0);
    }

    #[test]
    fn each_thread_has_its_share() {
        let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
        parallel(1_000_000, 1, |range| {
            seen.lock().unwrap().insert(range.start);
        });
        assert_eq!(seen.lock().unwrap().len(), tch::get_num_threads() as usize);
    }
}
