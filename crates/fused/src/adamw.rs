//! One optimizer step over all parameters: AdamW (Loshchilov & Hutter 2019), bias-corrected.
//!
//! ```text
//! m ← β₁m + (1-β₁)g        v ← β₂v + (1-β₂)g²
//! θ ← θ - η·λ·θ - η · (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε)
//! ```

mod entry;
mod gradients;
mod plain;
mod rows;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

pub use gradients::Gradients;
pub use rows::{RowGradient, Rows};

pub(crate) use entry::Entry;
pub(crate) use gradients::TINY;
#[cfg(feature = "libtorch")]
pub(crate) use {entry::Direction, rows::sum_of};

/// The settings of one group of parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// η, of one step.
    pub learning_rate: f64,
    /// λ, decoupled from the gradient.
    pub weight_decay: f64,
}

/// The settings that all groups share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Betas {
    /// β₁, the memory of the mean.
    pub beta_1: f64,
    /// β₂, the memory of the square.
    pub beta_2: f64,
    /// ε, added to the root.
    pub epsilon: f64,
}

/// The running mean and mean square of one parameter's gradient, flat, and the t of the formula: the steps of this
/// parameter, which are fewer than the optimizer's if it was frozen at first.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    pub(crate) mean: Tensor<1>,
    pub(crate) square: Tensor<1>,
    pub(crate) steps: usize,
    /// The rows of a table that are behind, if it learns by rows.
    #[cfg(feature = "libtorch")]
    pub(crate) delayed: Option<crate::libtorch::DelayedUpdates>,
}

impl Moments {
    fn new(mean: Tensor<1>, square: Tensor<1>, steps: usize) -> Self {
        Moments {
            mean,
            square,
            steps,
            #[cfg(feature = "libtorch")]
            delayed: None,
        }
    }

    /// Moments for a parameter like `value` before its first step.
    pub(crate) fn zeros(value: &Tensor<1>) -> Self {
        let zeros = || Tensor::zeros(value.dims(), &value.device());
        Self::new(zeros(), zeros(), 0)
    }
}

/// AdamW over every parameter of a module; a parameter's path determines its group.
///
/// On LibTorch the parameters change in place, visible to all tensors that share their memory; nothing else may read
/// them during a step.
#[derive(Debug)]
pub struct Optimizer {
    betas: Betas,
    step: usize,
    moments: BTreeMap<String, Moments>,
}

impl Optimizer {
    /// An optimizer before its first step.
    pub fn new(betas: Betas) -> Self {
        Optimizer { betas, step: 0, moments: BTreeMap::new() }
    }

    /// Optimizer steps taken.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Take one step. `group` maps a parameter's path (`encoder.blocks.0.query.weight`) to its group, or to `None` if it
    /// is frozen. A parameter that is frozen or has no gradient does not change, nor do its moments.
    ///
    /// If a table's gradient has some rows only, the other rows stay behind until [`Optimizer::catch_up`] or
    /// [`Optimizer::flush`].
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: impl Into<Gradients>,
        group: impl Fn(&str) -> Option<Group>,
    ) -> M {
        self.step += 1;
        let gradients = gradients.into();
        let limit = gradients.limit;
        let mut entries = entry::entries(&module, gradients, group, &mut self.moments);
        entries.iter_mut().for_each(|entry| entry.moments.steps += 1);
        #[cfg(feature = "libtorch")]
        if entries.iter().all(|entry| crate::libtorch::serves(&entry.value)) {
            crate::libtorch::adamw::step(self.betas, &mut entries, limit);
            self.moments.extend(entries.into_iter().map(|entry| (entry.path, entry.moments)));
            return module;
        }
        let updated = plain::step(self.betas, &mut entries, limit);
        self.moments.extend(entries.into_iter().map(|entry| (entry.path, entry.moments)));
        plain::replace(module, updated)
    }

    /// Whether a table on the device of `tensor` can learn by rows: rows that no batch reads cost nothing.
    pub fn learns_by_rows<const D: usize>(tensor: &Tensor<D>) -> bool {
        #[cfg(feature = "libtorch")]
        return crate::kernels::Kernels::Rows.are_on() && crate::libtorch::has_memory(tensor);
        #[cfg(not(feature = "libtorch"))]
        return {
            _ = tensor;
            false
        };
    }

    /// Bring `rows` of `table`, the parameter at `path`, up to date; call this before they are read.
    pub fn catch_up(&mut self, path: &str, table: Tensor<2>, rows: &Rows) {
        #[cfg(feature = "libtorch")]
        if let Some(moments) = self.moments.get_mut(path) {
            crate::libtorch::adamw::catch_up(self.betas, &table.flatten(0, 1), moments, Some(rows.ids()));
        }
        #[cfg(not(feature = "libtorch"))]
        let _ = (path, table, rows);
    }

    /// Bring every row of every table up to date; call this before [`Optimizer::moments`], and before anything but
    /// [`Optimizer::step`] and [`Optimizer::catch_up`] reads `module`.
    pub fn flush<M: Module>(&mut self, module: &M) {
        #[cfg(feature = "libtorch")]
        entry::values(module, |path, value| {
            if let Some(moments) = self.moments.get_mut(path) {
                crate::libtorch::adamw::catch_up(self.betas, &value, moments, None);
            }
        });
        #[cfg(not(feature = "libtorch"))]
        let _ = module;
    }

    /// The moments by name, for a checkpoint: `mean.<path>`, `square.<path>` and `steps.<path>`.
    pub fn moments(&self) -> Vec<(String, TensorData)> {
        let all = |(path, m): (&String, &Moments)| {
            let data = |tensor: &Tensor<1>| tensor.clone().into_data();
            let steps = TensorData::new(vec![m.steps as f32], [1]); // exact up to 2^24 steps
            [("mean", data(&m.mean)), ("square", data(&m.square)), ("steps", steps)]
                .map(|(kind, data)| (format!("{kind}.{path}"), data))
        };
        self.moments.iter().flat_map(all).collect()
    }

    /// Resume from a checkpoint of `module`. A parameter without moments has taken no step.
    ///
    /// # Errors
    /// A moment belongs to another parameter, or has another size.
    pub fn resume<M: Module>(
        &mut self,
        module: &M,
        step: usize,
        mut saved: BTreeMap<String, TensorData>,
        device: &Device,
    ) -> Result<(), String> {
        self.step = step;
        entry::values(module, |path, value| {
            let name = |kind: &str| format!("{kind}.{path}");
            let fits = |data: &TensorData| data.num_elements() == value.dims()[0];
            let whole = ["mean", "square"].iter().all(|kind| saved.get(&name(kind)).is_some_and(fits));
            let steps = saved.get(&name("steps")).and_then(|steps| steps.iter::<f32>().next());
            let Some(steps) = steps.filter(|_| whole) else { return };
            let mut tensor = |kind| saved.remove(&name(kind)).map(|data| Tensor::from_data(data, device));
            if let (Some(mean), Some(square)) = (tensor("mean"), tensor("square")) {
                self.moments.insert(path.to_owned(), Moments::new(mean, square, steps as usize));
            }
            saved.remove(&name("steps"));
        });
        saved.into_keys().next().map_or(Ok(()), |other| Err(format!("`{other}` belongs to no parameter of this model")))
    }
}
