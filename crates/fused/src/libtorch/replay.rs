//! CUDA graphs: see [`crate::replay`].
#![expect(unsafe_code, reason = "tch does not bind these calls")]

use std::ffi::c_char;
use std::ops::Range;
use std::ptr::null_mut;
use std::rc::Rc;

use burn::tensor::{Device, Int, Tensor};
use burn_tch::{LibTorch, TchTensor};
use tch::{Kind, Tensor as Tch};
use torch_sys::C_tensor;

use super::{flash, from_plain, plain, serves, shim};
use crate::Layout;

/// A graph of C++.
enum Graph {}

unsafe extern "C" {
    fn shim_has_graphs() -> bool;
    fn shim_own_stream(index: i32, own: bool) -> *mut c_char;
    fn shim_graph_begin(other: *mut Graph, begun: *mut *mut Graph) -> *mut c_char;
    fn shim_graph_end(graph: *mut Graph) -> *mut c_char;
    fn shim_graph_replay(graph: *mut Graph) -> *mut c_char;
    fn shim_graph_free(graph: *mut Graph);
    fn shim_fill(to: *mut C_tensor, from: *const i64, count: i64) -> *mut c_char;
}

/// Numbers on a device, at an address that stays, in words of 64 bits: one integer or two floats each.
#[derive(Debug)]
pub struct Slots(Tch);

impl Slots {
    /// So many words, all zero; none where LibTorch is not the engine.
    pub fn new(words: usize, device: &Device) -> Option<Self> {
        let there = tch_device(device)?;
        Some(Slots(Tch::zeros([words as i64], (Kind::Int64, there))))
    }

    /// Overwrite the first words, as soon as what was asked of the device before is done; nothing waits for that.
    ///
    /// # Panics
    /// With LibTorch's message, if there are more `words` than slots.
    pub fn fill(&self, words: &[i64]) {
        // SAFETY: the tensor is borrowed and `words` valid for the whole call; the shim reads as many as there are, keeps no
        // pointer and throws nothing across the border.
        shim::raise(unsafe { shim_fill(shim::pointer(&self.0), words.as_ptr(), words.len() as i64) });
    }

    /// Those words as integers: not a copy.
    pub fn ints(&self, words: Range<usize>) -> Tensor<1, Int> {
        Tensor::from_primitive::<LibTorch>(TchTensor::new(self.part(words)))
    }

    /// The first `count` floats in those words: not a copy.
    pub fn floats(&self, words: Range<usize>, count: usize) -> Tensor<1> {
        from_plain(self.halves(words, Kind::Float).narrow(0, 0, count as i64))
    }

    /// While `work` runs on this thread, the rows at which the sequences of `layout` start are not its own but the 32-bit
    /// numbers in those words, one for each sequence and then that of all rows; `layout` has as many sequences, as many
    /// rows and no shorter longest sequence.
    pub fn with_starts<T>(&self, words: Range<usize>, layout: &Layout, work: impl FnOnce() -> T) -> T {
        let count = layout.sequences().len() as i64 + 1;
        flash::with_starts(layout, self.halves(words, Kind::Int).narrow(0, 0, count), work)
    }

    fn part(&self, words: Range<usize>) -> Tch {
        self.0.narrow(0, words.start as i64, words.len() as i64)
    }

    fn halves(&self, words: Range<usize>, kind: Kind) -> Tch {
        self.part(words).view_dtype(kind)
    }
}

/// What has work noted down. As long as it lives, its thread works on a stream of its own; a thread has one at a time.
pub struct Recorder {
    index: i32,
    /// Whose memory all others share.
    first: Option<Rc<Owned>>,
}

impl Recorder {
    /// None where the device or its LibTorch has no graphs.
    pub fn new(device: &Device) -> Option<Self> {
        let Some(tch::Device::Cuda(index)) = tch_device(device) else { return None };
        // SAFETY: the function only looks up names.
        unsafe { shim_has_graphs() }.then(|| {
            let index = index as i32;
            own_stream(index, true);
            Recorder { index, first: None }
        })
    }

    /// Have the device note what `work` asks of it; nothing is done yet, so `work` must not ask for a number. All tensors it
    /// makes and does not return may be overwritten by other recordings of this recorder: record the largest one first.
    ///
    /// # Panics
    /// With LibTorch's message, if the device cannot note something, or there is not enough memory; then nothing is noted.
    pub fn record<T>(&mut self, work: impl FnOnce() -> T) -> Recording<T> {
        let graph = Owned::begin(self.first.as_deref());
        let capture = Capture(&graph);
        let output = work();
        std::mem::forget(capture);
        graph.end();
        let graph = Rc::new(graph);
        self.first.get_or_insert_with(|| graph.clone());
        Recording { graph, output }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        own_stream(self.index, false);
    }
}

/// Work that can be done again.
pub struct Recording<T> {
    graph: Rc<Owned>,
    output: T,
}

impl<T> Recording<T> {
    /// Do it once more, after what was asked of the device before; its output is overwritten by every replay.
    ///
    /// # Panics
    /// With LibTorch's message, if the device cannot.
    pub fn replay(&self) -> &T {
        // SAFETY: the graph was captured to its end; the shim throws nothing across the border.
        shim::raise(unsafe { shim_graph_replay(self.graph.0) });
        &self.output
    }
}

/// A graph that is freed once.
struct Owned(*mut Graph);

impl Owned {
    fn begin(other: Option<&Owned>) -> Self {
        let mut begun = null_mut();
        // SAFETY: `other`, if any, is a graph; without a message `begun` is one, now ours to free; nothing is thrown across
        // the border.
        shim::raise(unsafe { shim_graph_begin(other.map_or(null_mut(), |other| other.0), &raw mut begun) });
        Owned(begun)
    }

    fn end(&self) {
        // SAFETY: the graph has begun; nothing is thrown across the border.
        shim::raise(unsafe { shim_graph_end(self.0) });
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: made by `begin`, freed here only.
        unsafe { shim_graph_free(self.0) }
    }
}

/// A capture that ends even if the work that it is of does not.
struct Capture<'a>(&'a Owned);

impl Drop for Capture<'_> {
    fn drop(&mut self) {
        // SAFETY: the graph has begun; nothing is thrown across the border. What it says is less than what the work said.
        let _said = shim::taken(unsafe { shim_graph_end(self.0.0) });
    }
}

fn own_stream(index: i32, own: bool) {
    // SAFETY: the function changes the stream of this thread, whose work is done by then; nothing is thrown across the border.
    shim::raise(unsafe { shim_own_stream(index, own) });
}

fn tch_device(device: &Device) -> Option<tch::Device> {
    let one = Tensor::<1>::zeros([1], device);
    serves(&one).then(|| plain(one.without_autodiff()).device())
}
