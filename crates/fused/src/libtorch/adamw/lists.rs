//! The step by LibTorch's `_fused_adamw_`: one call for all parameters of equal rates and age.
#![expect(unsafe_code, reason = "tch does not bind these calls")]

use std::collections::BTreeMap;
use std::ffi::c_char;

use tch::{Kind, Tensor as Tch};
use torch_sys::C_tensor;

use crate::adamw::{Betas, Entry, Group, TINY, age};
use crate::libtorch::{plain, shim};

/// Tensors as C++ reads them.
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
        told_rate: *mut C_tensor,
        rate: f64,
        beta_1: f64,
        beta_2: f64,
        decay: f64,
        epsilon: f64,
    ) -> *mut c_char;
    fn shim_clip_divisor(gradients: List, count: i32, limit: f64, tiny: f64, divisor: List) -> *mut c_char;
}

/// Parameters of one group that have taken equally many steps, side by side.
struct Alike {
    group: Group,
    paths: Vec<String>,
    values: Vec<Tch>,
    gradients: Vec<Tch>,
    means: Vec<Tch>,
    squares: Vec<Tch>,
    /// The number of this step, counted from 1.
    steps: usize,
}

/// The step of `entries`, all gradients together no longer than `limit`; nothing waits for the device. Tells which
/// parameters are alike. Where there is a `dial`, rate and number of the step of those alike are not what the entries say
/// but two floats for each group of them, in that order, read when the device takes the step.
pub(super) fn step(
    betas: Betas,
    entries: &[Entry],
    limit: Option<f64>,
    dial: Option<&Tch>,
) -> Vec<(Group, Vec<String>)> {
    let gradients: Vec<Tch> = entries.iter().map(|entry| plain(entry.direction.dense(&entry.value))).collect();
    let divisor = limit.map(|limit| clip_divisor(&gradients, limit));
    let mut alike = BTreeMap::new();
    for (entry, gradient) in entries.iter().zip(gradients) {
        let age = age(entry.group, &entry.moments);
        alike.entry(age).or_insert_with(|| Alike::none(entry)).add(entry, gradient);
    }
    let one = |(index, alike): (usize, Alike)| {
        let told = dial.map(|dial| [0, 1].map(|which| dial.get(2 * index as i64 + which)));
        alike.step(betas, divisor.as_ref(), told);
        (alike.group, alike.paths)
    };
    alike.into_values().enumerate().map(one).collect()
}

impl Alike {
    /// No parameter yet, but those like `entry` to come.
    fn none(entry: &Entry) -> Self {
        let (group, steps) = (entry.group, entry.moments.steps);
        let paths = Vec::new();
        Alike { group, paths, values: vec![], gradients: vec![], means: vec![], squares: vec![], steps }
    }

    fn add(&mut self, entry: &Entry, gradient: Tch) {
        self.paths.push(entry.path.clone());
        self.values.push(plain(entry.value.clone()));
        self.gradients.push(gradient);
        self.means.push(plain(entry.moments.mean.clone()));
        self.squares.push(plain(entry.moments.square.clone()));
    }

    /// In place; the gradients are divided by `divisor` first.
    fn step(&self, betas: Betas, divisor: Option<&Tch>, told: Option<[Tch; 2]>) {
        let counted = || Tch::full([], self.steps as f64, (Kind::Float, self.values[0].device()));
        let (told_rate, steps) = match told {
            Some([rate, steps]) => (Some(rate), steps),
            None => (None, counted()),
        };
        let lists = [&self.values, &self.gradients, &self.means, &self.squares];
        let [mut values, mut gradients, mut means, mut squares] = lists.map(|tensors| pointers(tensors));
        let mut steps = vec![shim::pointer(&steps); values.len()];
        let [p, g, m, v, s] = [&mut values, &mut gradients, &mut means, &mut squares, &mut steps].map(Vec::as_mut_ptr);
        let [divisor, told_rate] =
            [divisor, told_rate.as_ref()].map(|scalar| scalar.map_or(std::ptr::null_mut(), shim::pointer));
        let (Betas { beta_1, beta_2, epsilon }, Group { learning_rate, weight_decay }) = (betas, self.group);
        let count = self.values.len() as i32;
        // SAFETY: all tensors are borrowed for the whole call, so the pointers are valid, and both scalars may be null;
        // `add` fills the lists side by side; the shim keeps no pointer and throws nothing across the border.
        let message = unsafe {
            shim_adamw_lists(
                p,
                g,
                m,
                v,
                s,
                count,
                divisor,
                told_rate,
                learning_rate,
                beta_1,
                beta_2,
                weight_decay,
                epsilon,
            )
        };
        shim::raise(message);
    }
}

/// max(1, (‖gradients‖₂ + 10⁻⁶) / limit) as a scalar on their device.
fn clip_divisor(gradients: &[Tch], limit: f64) -> Tch {
    let (mut all, mut divisor) = (pointers(gradients), std::ptr::null_mut());
    // SAFETY: the gradients are borrowed for the whole call, so the pointers are valid; the shim keeps none of them and
    // throws nothing across the border.
    let message = unsafe { shim_clip_divisor(all.as_mut_ptr(), all.len() as i32, limit, TINY, &raw mut divisor) };
    shim::raise(message);
    // SAFETY: without a message the shim has set the place to a tensor of its own, now ours to drop.
    unsafe { Tch::from_ptr(divisor) }
}

fn pointers(tensors: &[Tch]) -> Vec<*mut C_tensor> {
    tensors.iter().map(shim::pointer).collect()
}
