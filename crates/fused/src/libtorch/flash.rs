//! Attention within sequences of different lengths by one call of CUDA's flash kernel (Dao et al. 2022).
#![expect(unsafe_code, reason = "tch does not bind this call")]

use std::ffi::c_char;

use tch::{Kind, Tensor as Tch};
use torch_sys::C_tensor;

use super::shim;
use crate::{BlockOptions, Layout, Precision};

/// The most numbers per attention head that the kernel knows; it wants a multiple of 8.
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

/// Whether the kernel can be asked: `x`, `[R, H]` or `[B, H]`, is on CUDA in bf16.
pub(super) fn serves(x: &Tch, options: BlockOptions) -> bool {
    let per_head = x.size()[1] / options.num_attention_heads as i64;
    x.device().is_cuda() && options.precision == Precision::Bf16 && per_head % 8 == 0 && per_head <= MOST_PER_HEAD
}

/// Queries, keys and values, `[R, H]` each, to `[R, H]`; with `first_only` one query for each sequence, `[B, H]`, to `[B, H]`.
/// `layout` is tight; LibTorch knows the gradient.
pub(super) fn attention(qkv: &[Tch; 3], layout: &Layout, options: BlockOptions) -> Tch {
    let (size, n) = (qkv[0].size(), options.num_attention_heads as i64);
    let [q, k, v] = qkv.each_ref().map(|x| x.view([-1, n, size[1] / n]));
    let key_starts = starts(layout).to_device(q.device());
    let (query_starts, query_longest) = match options.first_only {
        true => (Tch::arange(key_starts.size()[0], (Kind::Int, q.device())), 1),
        false => (key_starts.shallow_clone(), layout.longest()),
    };
    let mut context = std::ptr::null_mut();
    // SAFETY: five tensors, borrowed for the whole call; the shim keeps no pointer and throws nothing across the border.
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

/// `[B + 1]`, 32-bit: the first row of each sequence, then R.
fn starts(layout: &Layout) -> Tch {
    let starts: Vec<i32> = layout.starts().into_iter().chain([layout.rows()]).map(|row| row as i32).collect();
    Tch::from_slice(&starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_begins_where_the_one_before_ends() {
        let starts = starts(&Layout::tight(&[3, 1, 2]));
        assert_eq!((starts.kind(), Vec::<i32>::try_from(starts).unwrap()), (Kind::Int, vec![0, 3, 4, 6]));
    }
}
