//! Memory for what lives between a forward and a backward pass, kept for the next step.
//!
//! A page of new memory costs ten times as long to touch as one that was there before.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

/// What is free, by what it was used for: uses of one name grow alike with the batch.
static FREE: Mutex<BTreeMap<&'static str, Vec<Tensor>>> = Mutex::new(BTreeMap::new());

/// A tensor that goes back where it came from.
#[derive(Debug)]
pub(crate) struct Lent {
    name: &'static str,
    whole: Tensor,
    /// Of the shape that was asked for.
    part: Tensor,
}

/// A tensor on the processor with any numbers in it.
pub(crate) fn take(name: &'static str, kind: Kind, shape: &[usize]) -> Lent {
    let numbers = shape.iter().product::<usize>() as i64;
    let whole = free(name, kind, numbers).unwrap_or_else(|| Tensor::empty([numbers], (kind, Device::Cpu)));
    let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    let part = whole.narrow(0, 0, numbers).view(shape.as_slice());
    Lent { name, whole, part }
}

/// The smallest free tensor that is large enough. If none is, the largest goes, for it is outgrown.
fn free(name: &'static str, kind: Kind, numbers: i64) -> Option<Tensor> {
    let mut all = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let free = all.get_mut(name)?;
    free.sort_by_key(|tensor| tensor.size()[0]); // a dozen
    let fits = |tensor: &Tensor| tensor.size()[0] >= numbers && tensor.kind() == kind;
    match free.iter().position(fits) {
        Some(at) => Some(free.remove(at)),
        None => free.pop().filter(|_| false),
    }
}

/// Forget what is free.
pub(crate) fn forget_free() {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Deref for Lent {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.part
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.entry(self.name).or_default().push(self.whole.shallow_clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(name: &'static str, size: usize) -> *mut std::ffi::c_void {
        take(name, Kind::Float, &[size]).data_ptr()
    }

    #[test]
    fn memory_is_used_again_unless_it_is_too_small() {
        let place = |size: usize| take("test", Kind::Float, &[size, 2]).data_ptr();
        let first = place(100);
        assert_eq!(place(50), first);
        let both = (take("test", Kind::Float, &[3]), take("test", Kind::Float, &[3]));
        assert_ne!(both.0.data_ptr(), both.1.data_ptr());
        drop(both);
        let (small, large) = (take("sizes", Kind::Float, &[5]), take("sizes", Kind::Float, &[50]));
        let places = [&small, &large].map(|lent| lent.data_ptr());
        drop((large, small));
        assert_eq!([place_of("sizes", 40), place_of("sizes", 4)], [places[1], places[0]]);
        assert_eq!(take("test", Kind::Float, &[1000]).size(), [1000]);
    }
}
