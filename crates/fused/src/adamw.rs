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
pub(crate) use {entry::Direction, entry::age, rows::sum_of};

/// What one group of parameters is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// η, per step.
    pub learning_rate: f64,
    /// λ, decoupled from the gradient.
    pub weight_decay: f64,
}

/// What all groups share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Betas {
    /// β₁, the memory of the mean.
    pub beta_1: f64,
    /// β₂, the memory of the square.
    pub beta_2: f64,
    /// ε, added to the root.
    pub epsilon: f64,
}

/// The running mean and mean square of one parameter's gradient, flat, and the t of the formula: how many steps
/// this parameter took, which are fewer than the optimizer's if it was frozen at first.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    pub(crate) mean: Tensor<1>,
    pub(crate) square: Tensor<1>,
    pub(crate) steps: usize,
    /// Which rows of a table are behind, if it learns by rows.
    #[cfg(feature = "libtorch")]
    pub(crate) arrears: Option<crate::libtorch::Arrears>,
}

impl Moments {
    fn new(mean: Tensor<1>, square: Tensor<1>, steps: usize) -> Self {
        Moments {
            mean,
            square,
            steps,
            #[cfg(feature = "libtorch")]
            arrears: None,
        }
    }

    /// Of a parameter like `value` that took no step.
    pub(crate) fn zeros(value: &Tensor<1>) -> Self {
        let zeros = || Tensor::zeros(value.dims(), &value.device());
        Self::new(zeros(), zeros(), 0)
    }
}

/// The parameters that take part in a step which is taken again and again: those of one group and age together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan(Vec<(Group, Vec<String>)>);

impl Plan {
    /// How many groups of one age there are.
    pub fn groups(&self) -> usize {
        self.0.len()
    }

    #[cfg(feature = "libtorch")]
    fn group(&self, path: &str) -> Option<Group> {
        self.0.iter().find(|(_, paths)| paths.iter().any(|other| other == path)).map(|(group, _)| *group)
    }
}

/// AdamW over every parameter of a module, each in the group its path chooses.
///
/// On LibTorch the parameters are changed where they lie, so whoever shares their memory sees it; a step must not run
/// beside anything else that reads them.
#[derive(Debug, Clone)]
pub struct Optimizer {
    betas: Betas,
    step: usize,
    moments: BTreeMap<String, Moments>,
}

impl Optimizer {
    /// No step taken yet.
    pub fn new(betas: Betas) -> Self {
        Optimizer { betas, step: 0, moments: BTreeMap::new() }
    }

    /// Optimizer steps taken.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// One step: `group` maps a parameter's path (`encoder.blocks.0.query.weight`) to its group, or to none if it
    /// is frozen. A parameter that is frozen or has no gradient stays as it is, moments and all.
    ///
    /// A table whose gradient is of rows may leave the others behind, until [`Optimizer::refresh`] or
    /// [`Optimizer::settle`].
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

    /// The parameters of `module` that took a step before, and will again; `group` tells their rates before any factor.
    pub fn plan<M: Module>(&self, module: &M, group: impl Fn(&str) -> Option<Group>) -> Plan {
        let mut alike = BTreeMap::new();
        entry::values(module, |path, _value| {
            let (Some(moments), Some(group)) = (self.moments.get(path), group(path)) else { return };
            let (_, paths) = alike.entry(entry::age(group, moments)).or_insert_with(|| (group, Vec::new()));
            paths.push(path.to_owned());
        });
        Plan(alike.into_values().collect())
    }

    /// Count a step of `plan`, which is about to be taken with all rates times `factor`; for each of its groups the rate
    /// and the step's number.
    pub fn advance(&mut self, plan: &Plan, factor: f64) -> Vec<[f32; 2]> {
        self.step += 1;
        let mut told = Vec::with_capacity(plan.groups());
        for (group, paths) in &plan.0 {
            let mut number = 0;
            for path in paths {
                let Some(moments) = self.moments.get_mut(path) else { continue };
                moments.steps += 1;
                number = moments.steps;
            }
            told.push([(factor * group.learning_rate) as f32, number as f32]);
        }
        told
    }

    /// Have LibTorch take the step of `plan`, by the rates and numbers of [`Optimizer::advance`], which counts it and which
    /// the device reads from `dial`: now, or whenever a recording of this is replayed. Other engines do nothing.
    ///
    /// # Panics
    /// A parameter of the plan has no gradient.
    ///
    /// # Shapes
    /// - `dial`: `[2·G]` at least, G being the groups of the plan
    pub fn told_step<M: Module>(&self, module: &M, gradients: Gradients, plan: &Plan, dial: Tensor<1>) {
        #[cfg(feature = "libtorch")]
        {
            let (limit, mut moments) = (gradients.limit, self.moments.clone());
            let entries = entry::entries(module, gradients, |path| plan.group(path), &mut moments);
            let alike = crate::libtorch::adamw::told_step(self.betas, &entries, limit, dial);
            assert!(alike == plan.0, "a parameter of the plan has no gradient");
        }
        #[cfg(not(feature = "libtorch"))]
        let _ = (module, gradients, plan, dial);
    }

    /// Whether a table that lies where `tensor` does may learn by rows: those that a batch does not read cost nothing until
    /// one does.
    pub fn learns_by_rows<const D: usize>(tensor: &Tensor<D>) -> bool {
        #[cfg(feature = "libtorch")]
        return crate::libtorch::has_memory(tensor);
        #[cfg(not(feature = "libtorch"))]
        return {
            _ = tensor;
            false
        };
    }

    /// Bring `rows` of `table`, which is the parameter at `path`, up to date: to be called before they are read.
    pub fn refresh(&mut self, path: &str, table: Tensor<2>, rows: &Rows) {
        #[cfg(feature = "libtorch")]
        if let Some(moments) = self.moments.get_mut(path) {
            crate::libtorch::adamw::make_up(self.betas, &table.flatten(0, 1), moments, Some(rows.ids()));
        }
        #[cfg(not(feature = "libtorch"))]
        let _ = (path, table, rows);
    }

    /// Bring every row of every table up to date: to be called before anything but [`Optimizer::step`] and
    /// [`Optimizer::refresh`] reads `module`, or [`Optimizer::moments`] is.
    pub fn settle<M: Module>(&mut self, module: &M) {
        #[cfg(feature = "libtorch")]
        entry::values(module, |path, value| {
            if let Some(moments) = self.moments.get_mut(path) {
                crate::libtorch::adamw::make_up(self.betas, &value, moments, None);
            }
        });
        #[cfg(not(feature = "libtorch"))]
        let _ = module;
    }

    /// The moments by name, to be kept in a checkpoint: `mean.<path>`, `square.<path>` and `steps.<path>`.
    pub fn moments(&self) -> Vec<(String, TensorData)> {
        let all = |(path, m): (&String, &Moments)| {
            let data = |tensor: &Tensor<1>| tensor.clone().into_data();
            let steps = TensorData::new(vec![m.steps as f32], [1]); // exact up to 2^24 steps
            [("mean", data(&m.mean)), ("square", data(&m.square)), ("steps", steps)]
                .map(|(kind, data)| (format!("{kind}.{path}"), data))
        };
        self.moments.iter().flat_map(all).collect()
    }

    /// Take up where a checkpoint of `module` left off. A parameter without moments has taken no step.
    ///
    /// # Errors
    /// A moment is of another parameter, or of another size.
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
