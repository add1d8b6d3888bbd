//! Memory for tensors between a forward and a backward pass, reused in the next step.
//!
//! Touching a fresh page costs ten times as much as touching a used one.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

/// Free tensors by their purpose: tensors of one purpose grow alike with the batch.
static FREE: Mutex<BTreeMap<&'static str, Vec<Tensor>>> = Mutex::new(BTreeMap::new());

/// A tensor that returns to the free ones when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    name: &'static str,
    whole: Tensor,
    /// A view of the requested shape.
    part: Tensor,
}

/// A tensor on the CPU with arbitrary numbers.
pub(crate) fn borrow(name: &'static str, kind: Kind, shape: &[usize]) -> Scratch {
    let numbers = shape.iter().product::<usize>() as i64;
    let whole = free(name, kind, numbers).unwrap_or_else(|| Tensor::empty([numbers], (kind, Device::Cpu)));
    let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    let part = whole.narrow(0, 0, numbers).view(shape.as_slice());
    Scratch { name, whole, part }
}

/// The smallest free tensor that is large enough. If none is, the largest one is dropped, because it is outgrown.
fn free(name: &'static str, kind: Kind, numbers: i64) -> Option<Tensor> {
    let mut all = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let free = all.get_mut(name)?;
    free.sort_by_key(|tensor| tensor.size()[0]); // about a dozen tensors
    let fits = |tensor: &Tensor| tensor.size()[0] >= numbers && tensor.kind() == kind;
    match free.iter().position(fits) {
        Some(at) => Some(free.remove(at)),
        None => free.pop().filter(|_| false),
    }
}

/// Drop all free tensors.
pub(crate) fn free_unused() {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Deref for Scratch {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.part
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.entry(self.name).or_default().push(self.whole.shallow_clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(name: &'static str, size: usize) -> *mut std::ffi::c_void {
        borrow(name, Kind::Float, &[size]).data_ptr()
    }

    #[test]
    fn memory_is_reused_unless_it_is_too_small() {
        let place = |size: usize| borrow("test", Kind::Float, &[size, 2]).data_ptr();
        let first = place(100);
        assert_eq!(place(50), first);
        let both = (borrow("test", Kind::Float, &[3]), borrow("test", Kind::Float, &[3]));
        assert_ne!(both.0.data_ptr(), both.1.data_ptr());
        drop(both);
        let (small, large) = (borrow("sizes", Kind::Float, &[5]), borrow("sizes", Kind::Float, &[50]));
        let places = [&small, &large].map(|lent| lent.data_ptr());
        drop((large, small));
        assert_eq!([place_of("sizes", 40), place_of("sizes", 4)], [places[1], places[0]]);
        assert_eq!(borrow("test", Kind::Float, &[1000]).size(), [1000]);
    }
}
