//! One optimizer step over all parameters: AdamW (Loshchilov & Hutter 2019), bias-corrected.
//!
//! ```text
//! m ← β₁m + (1-β₁)g        v ← β₂v + (1-β₂)g²
//! θ ← θ - η·λ·θ - η · (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε)
//! ```

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

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
}

/// AdamW over every parameter of a module, each in the group its path chooses.
#[derive(Debug)]
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
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: GradientsParams,
        group: impl Fn(&str) -> Option<Group>,
    ) -> M {
        self.step += 1;
        module.map(&mut Step { optimizer: self, gradients, group, path: Vec::new() })
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

    /// Take up where a checkpoint left off. Moments without their twin are ignored.
    pub fn resume(&mut self, step: usize, mut saved: BTreeMap<String, TensorData>, device: &Device) {
        self.step = step;
        let paths: Vec<String> =
            saved.keys().filter_map(|name| name.strip_prefix("mean.").map(str::to_owned)).collect();
        for path in paths {
            let mut take = |kind: &str| saved.remove(&format!("{kind}.{path}"));
            if let (Some(mean), Some(square), Some(steps)) = (take("mean"), take("square"), take("steps")) {
                let steps = steps.iter::<f32>().next().unwrap_or(step as f32) as usize;
                let [mean, square] = [mean, square].map(|data| Tensor::from_data(data, device));
                self.moments.insert(path, Moments { mean, square, steps });
            }
        }
    }

    fn update<const D: usize>(
        &mut self,
        path: String,
        value: Tensor<D>,
        gradient: Tensor<D>,
        group: Group,
    ) -> Tensor<D> {
        let (shape, device) = (value.dims(), gradient.device());
        let (value, gradient) = (value.flatten::<1>(0, D - 1), gradient.flatten::<1>(0, D - 1));
        let zeros = || Tensor::zeros([gradient.dims()[0]], &device);
        let moments = self.moments.entry(path).or_insert_with(|| Moments { mean: zeros(), square: zeros(), steps: 0 });
        moments.steps += 1;
        #[cfg(feature = "libtorch")]
        if crate::libtorch::serves(&value) {
            let value = crate::libtorch::adamw(value, gradient, moments, self.betas, group);
            return value.reshape(shape);
        }
        plain(value, gradient, moments, self.betas, group).reshape(shape)
    }
}

/// The formula at the top of this file, operation by operation.
fn plain(value: Tensor<1>, g: Tensor<1>, moments: &mut Moments, betas: Betas, group: Group) -> Tensor<1> {
    let Betas { beta_1, beta_2, epsilon } = betas;
    let t = moments.steps as i32;
    let mean = moments.mean.clone().mul_scalar(beta_1) + g.clone().mul_scalar(1.0 - beta_1);
    let square = moments.square.clone().mul_scalar(beta_2) + g.powi_scalar(2).mul_scalar(1.0 - beta_2);
    (moments.mean, moments.square) = (mean.clone(), square.clone());
    let root = square.sqrt().div_scalar((1.0 - beta_2.powi(t)).sqrt()).add_scalar(epsilon);
    let change = (mean / root).mul_scalar(group.learning_rate / (1.0 - beta_1.powi(t)));
    value.mul_scalar(1.0 - group.learning_rate * group.weight_decay) - change
}

struct Step<'a, F> {
    optimizer: &'a mut Optimizer,
    gradients: GradientsParams,
    group: F,
    path: Vec<String>,
}

impl<F: Fn(&str) -> Option<Group>> ModuleMapper for Step<'_, F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let (Some(gradient), Some(group)) = (self.gradients.remove::<D>(param.id), (self.group)(&path)) else {
            return param;
        };
        param.map(|tensor| {
            let updated = self.optimizer.update(path, tensor.inner(), gradient, group);
            Tensor::from_inner(updated).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BETAS: Betas = Betas { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
    const GROUP: Group = Group { learning_rate: 0.1, weight_decay: 0.01 };

    /// The formula in f64 on one number.
    fn by_hand(gradients: &[f64]) -> f64 {
        let (mut value, mut mean, mut square) = (0.5, 0.0, 0.0);
        for (index, g) in gradients.iter().enumerate() {
            let t = index as i32 + 1;
            mean = 0.9 * mean + 0.1 * g;
            square = 0.999 * square + 0.001 * g * g;
            let (corrected, root) = (mean / (1.0 - 0.9f64.powi(t)), (square / (1.0 - 0.999f64.powi(t))).sqrt());
            value -= 0.1 * 0.01 * value + 0.1 * corrected / (root + 1e-8);
        }
        value
    }

    fn stepped(gradients: &[f64], device: &Device) -> f64 {
        let tensor = |x: f64| Tensor::<1>::from_data([x as f32, 0.0], device);
        let (mut optimizer, mut value) = (Optimizer::new(BETAS), tensor(0.5));
        for &g in gradients {
            value = optimizer.update("w".to_owned(), value, tensor(g), GROUP);
        }
        f64::from(value.into_data().iter::<f32>().next().unwrap())
    }

    #[test]
    fn three_steps_are_those_of_the_formula() {
        let gradients = [0.3, -2.0, 0.01];
        assert!((stepped(&gradients, &Device::flex()) - by_hand(&gradients)).abs() < 1e-6);
    }

    #[cfg(feature = "libtorch")]
    #[test]
    #[expect(deprecated, reason = "burn-tch goes in 0.23")]
    fn libtorchs_single_pass_takes_the_same_steps() {
        let gradients = [0.3, -2.0, 0.01];
        assert!((stepped(&gradients, &Device::libtorch()) - by_hand(&gradients)).abs() < 1e-6);
    }

    #[test]
    fn an_optimizer_taken_up_from_its_moments_goes_on_alike() {
        let device = Device::flex();
        let value = || Tensor::<1>::from_data([0.5f32, -1.0], &device);
        let mut whole = Optimizer::new(BETAS);
        let after_one = whole.update("w".to_owned(), value(), value(), GROUP);
        let mut resumed = Optimizer::new(BETAS);
        resumed.resume(1, whole.moments().into_iter().collect(), &device);
        let both = [&mut whole, &mut resumed]
            .map(|it| it.update("w".to_owned(), after_one.clone(), value(), GROUP).into_data());
        assert_eq!(both[0], both[1]);
    }
}
