//! The step by LibTorch's `_fused_adamw_`: one call for all parameters with equal rates and step counts.
#![expect(unsafe_code, reason = "tch does not bind these calls")]

use std::collections::BTreeMap;
use std::ffi::c_char;

use tch::{Kind, Tensor as Tch};
use torch_sys::C_tensor;

use crate::adamw::{Betas, Entry, Group, TINY};
use crate::libtorch::{plain, shim};

/// Tensors in C++'s form.
type List = *mut *mut C_tensor;

unsafe extern "C" {
    fn shim_adamw_lists(
        parameters: List,
        gradients: List,
        means: List,
        squares: List,
        steps: List,
        count: i32,
        divisor: *mut C_tensor,
        rate: f64,
        beta_1: f64,
        beta_2: f64,
        decay: f64,
        epsilon: f64,
    ) -> *mut c_char;
    fn shim_clip_divisor(gradients: List, count: i32, limit: f64, tiny: f64, divisor: List) -> *mut c_char;
}

/// Parameters of one group with equal step counts, side by side.
struct Alike {
    group: Group,
    values: Vec<Tch>,
    gradients: Vec<Tch>,
    means: Vec<Tch>,
    squares: Vec<Tch>,
    /// The number of this step, counted from 1, as a float scalar.
    steps: Tch,
}

/// Take the step of `entries`, with the norm of all gradients limited to `limit`; nothing waits for the device.
pub(super) fn step(betas: Betas, entries: &[Entry], limit: Option<f64>) {
    let gradients: Vec<Tch> = entries.iter().map(|entry| plain(entry.direction.dense(&entry.value))).collect();
    let divisor = limit.map(|limit| clip_divisor(&gradients, limit));
    let mut alike = BTreeMap::new();
    for (entry, gradient) in entries.iter().zip(gradients) {
        let Group { learning_rate, weight_decay } = entry.group;
        let key = (learning_rate.to_bits(), weight_decay.to_bits(), entry.moments.steps);
        alike.entry(key).or_insert_with(|| Alike::none(entry, &gradient)).add(entry, gradient);
    }
    alike.values().for_each(|alike| alike.step(betas, divisor.as_ref()));
}

impl Alike {
    /// An empty list for parameters like `entry`.
    fn none(entry: &Entry, gradient: &Tch) -> Self {
        let steps = Tch::full([], entry.moments.steps as f64, (Kind::Float, gradient.device()));
        let none = Vec::new;
        Alike { group: entry.group, values: none(), gradients: none(), means: none(), squares: none(), steps }
    }

    fn add(&mut self, entry: &Entry, gradient: Tch) {
        self.values.push(plain(entry.value.clone()));
        self.gradients.push(gradient);
        self.means.push(plain(entry.moments.mean.clone()));
        self.squares.push(plain(entry.moments.square.clone()));
    }

    /// Take the step in place; the gradients are divided by `divisor` first.
    fn step(&self, betas: Betas, divisor: Option<&Tch>) {
        let lists = [&self.values, &self.gradients, &self.means, &self.squares];
        let [mut values, mut gradients, mut means, mut squares] = lists.map(|tensors| pointers(tensors));
        let mut steps = vec![shim::pointer(&self.steps); values.len()];
        let [p, g, m, v, s] = [&mut values, &mut gradients, &mut means, &mut squares, &mut steps].map(Vec::as_mut_ptr);
        let divisor = divisor.map_or(std::ptr::null_mut(), shim::pointer);
        let (Betas { beta_1, beta_2, epsilon }, Group { learning_rate, weight_decay }) = (betas, self.group);
        let count = self.values.len() as i32;
        // SAFETY: all tensors are borrowed for the whole call, so the pointers are valid, and `divisor` may be null;
        // `add` fills the lists side by side; the shim keeps no pointer and lets no exception cross the border.
        let message = unsafe {
            shim_adamw_lists(p, g, m, v, s, count, divisor, learning_rate, beta_1, beta_2, weight_decay, epsilon)
        };
        shim::raise(message);
    }
}

/// max(1, (‖gradients‖₂ + 10⁻⁶) / limit) as a scalar on their device.
fn clip_divisor(gradients: &[Tch], limit: f64) -> Tch {
    let (mut all, mut divisor) = (pointers(gradients), std::ptr::null_mut());
    // SAFETY: the gradients are borrowed for the whole call, so the pointers are valid; the shim keeps none of them and
    // lets no exception cross the border.
    let message = unsafe { shim_clip_divisor(all.as_mut_ptr(), all.len() as i32, limit, TINY, &raw mut divisor) };
    shim::raise(message);
    // SAFETY: without a message the shim has set the place to a tensor of its own, now ours to drop.
    unsafe { Tch::from_ptr(divisor) }
}

fn pointers(tensors: &[Tch]) -> Vec<*mut C_tensor> {
    tensors.iter().map(shim::pointer).collect()
}
