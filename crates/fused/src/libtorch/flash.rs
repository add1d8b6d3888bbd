//! Attention within sequences of different lengths by one call of CUDA's flash kernel (Dao et al. 2022).
#![expect(unsafe_code, reason = "tch does not bind this call")]

use std::cell::RefCell;
use std::ffi::c_char;

use tch::{Device, Kind, Tensor as Tch};
use torch_sys::C_tensor;

use super::shim;
use crate::{BlockOptions, Layout, Precision};

/// The largest D that the kernel supports; it must be a multiple of 8.
const MOST_PER_HEAD: i64 = 256;

unsafe extern "C" {
    fn shim_flash(
        q: *mut C_tensor,
        k: *mut C_tensor,
        v: *mut C_tensor,
        q_starts: *mut C_tensor,
        starts: *mut C_tensor,
        q_longest: i64,
        longest: i64,
        dropout: f64,
        context: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// Whether the kernel supports `x`, `[R, H]` or `[B, H]`: it must be on CUDA in bf16.
pub(super) fn serves(x: &Tch, options: BlockOptions) -> bool {
    let per_head = x.size()[1] / options.num_attention_heads as i64;
    x.device().is_cuda() && options.precision == Precision::Bf16 && per_head % 8 == 0 && per_head <= MOST_PER_HEAD
}

/// Queries, keys and values, `[R, H]` each, to `[R, H]`; with `first_only` one query for each sequence, `[B, H]`, to `[B, H]`.
/// `layout` is tight; LibTorch computes the gradient.
pub(super) fn attention(qkv: &[Tch; 3], layout: &Layout, options: BlockOptions) -> Tch {
    let (size, n) = (qkv[0].size(), options.num_attention_heads as i64);
    let [q, k, v] = qkv.each_ref().map(|x| x.view([-1, n, size[1] / n]));
    let key_starts = starts(layout, q.device());
    let (query_starts, query_longest) = match options.first_only {
        true => (Tch::arange(key_starts.size()[0], (Kind::Int, q.device())), 1),
        false => (key_starts.shallow_clone(), layout.longest()),
    };
    let mut context = std::ptr::null_mut();
    // SAFETY: five tensors, borrowed for the whole call; the shim keeps no pointer and lets no exception cross the border.
    let message = unsafe {
        let [q, k, v, query_starts, key_starts] = [&q, &k, &v, &query_starts, &key_starts].map(shim::pointer);
        let [query_longest, key_longest] = [query_longest, layout.longest()].map(|rows| rows as i64);
        let dropout = options.dropout;
        shim_flash(q, k, v, query_starts, key_starts, query_longest, key_longest, dropout, &raw mut context)
    };
    shim::raise(message);
    // SAFETY: without a message the shim has set `context` to a tensor of its own, now ours to drop.
    unsafe { Tch::from_ptr(context) }.reshape(size.as_slice())
}

thread_local! {
    /// All blocks of a model use the same tensor. It is copied to the device once, because a copy waits until the
    /// device has finished all earlier work.
    static LAST: RefCell<Option<(Vec<i32>, Tch)>> = const { RefCell::new(None) };
}

/// `[B + 1]`, 32-bit: the first row of each sequence, then R.
pub(super) fn starts(layout: &Layout, device: Device) -> Tch {
    let rows: Vec<i32> = layout.starts().into_iter().chain([layout.rows()]).map(|row| row as i32).collect();
    LAST.with_borrow_mut(|last| match last {
        Some((known, there)) if *known == rows && there.device() == device => there.shallow_clone(),
        _ => last.insert((rows.clone(), Tch::from_slice(&rows).to_device(device))).1.shallow_clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_begins_where_the_one_before_ends() {
        for (lengths, expected) in [(&[3, 1, 2], vec![0, 3, 4, 6]), (&[3, 2, 1], vec![0, 3, 5, 6])] {
            for _again in 0..2 {
                let starts = starts(&Layout::tight(lengths), Device::Cpu);
                assert_eq!((starts.kind(), Vec::<i32>::try_from(starts).unwrap()), (Kind::Int, expected.clone()));
            }
        }
    }
}
