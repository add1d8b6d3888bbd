//! Work that a GPU notes down once and does again whenever it is asked to (CUDA graphs): the processor asks once, where
//! otherwise it asks for each of a thousand small pieces of work and cannot keep up.
//!
//! What changes from one time to the next lies in [`Slots`], at an address that stays. Without LibTorch there is none of it.

#[cfg(feature = "libtorch")]
pub use crate::libtorch::replay::{Recorder, Recording, Slots};
#[cfg(not(feature = "libtorch"))]
pub use never::{Recorder, Recording, Slots};

#[cfg(not(feature = "libtorch"))]
mod never {
    #![expect(missing_docs, reason = "those of the module for LibTorch")]

    use std::convert::Infallible;
    use std::marker::PhantomData;
    use std::ops::Range;

    use burn::tensor::{Device, Int, Tensor};

    use crate::Layout;

    #[derive(Debug)]
    pub struct Slots(Infallible);

    impl Slots {
        pub fn new(_words: usize, _device: &Device) -> Option<Self> {
            None
        }

        pub fn fill(&self, _words: &[i64]) {
            match self.0 {}
        }

        pub fn ints(&self, _words: Range<usize>) -> Tensor<1, Int> {
            match self.0 {}
        }

        pub fn floats(&self, _words: Range<usize>, _count: usize) -> Tensor<1> {
            match self.0 {}
        }

        pub fn with_starts<T>(&self, _words: Range<usize>, _layout: &Layout, _work: impl FnOnce() -> T) -> T {
            match self.0 {}
        }
    }

    #[derive(Debug)]
    pub struct Recorder(Infallible);

    impl Recorder {
        pub fn new(_device: &Device) -> Option<Self> {
            None
        }

        pub fn record<T>(&mut self, _work: impl FnOnce() -> T) -> Recording<T> {
            match self.0 {}
        }
    }

    #[derive(Debug)]
    pub struct Recording<T>(Infallible, PhantomData<T>);

    impl<T> Recording<T> {
        pub fn replay(&self) -> &T {
            match self.0 {}
        }
    }
}
