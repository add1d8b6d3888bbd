//! The step in burn's own operations, on any device.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use super::{Betas, Entry, Group, Moments, TINY};

/// The parameters after the step, by their paths.
pub(crate) fn step(betas: Betas, entries: &mut [Entry], limit: Option<f64>) -> BTreeMap<String, Tensor<1>> {
    let gradients: Vec<Tensor<1>> = entries.iter().map(|entry| entry.direction.dense(&entry.value)).collect();
    let scale = limit.and_then(|limit| scale(&gradients, limit));
    let updated = entries.iter_mut().zip(gradients).map(|(entry, gradient)| {
        let gradient = scale.as_ref().map_or_else(|| gradient.clone(), |scale| gradient.clone() * scale.clone());
        (entry.path.clone(), formula(entry.value.clone(), gradient, &mut entry.moments, betas, entry.group))
    });
    updated.collect()
}

/// The factor that brings the norm of all `gradients` below `limit`; it stays on the device.
fn scale(gradients: &[Tensor<1>], limit: f64) -> Option<Tensor<1>> {
    let square = |gradient: &Tensor<1>| gradient.clone().powi_scalar(2).sum();
    let sum = gradients.iter().map(square).reduce(|a, b| a + b)?;
    Some(sum.sqrt().add_scalar(TINY).recip().mul_scalar(limit).clamp_max(1.0))
}

/// The formula of [`super`], operation by operation.
fn formula(value: Tensor<1>, g: Tensor<1>, moments: &mut Moments, betas: Betas, group: Group) -> Tensor<1> {
    let Betas { beta_1, beta_2, epsilon } = betas;
    let t = moments.steps as i32;
    let mean = moments.mean.clone().mul_scalar(beta_1) + g.clone().mul_scalar(1.0 - beta_1);
    let square = moments.square.clone().mul_scalar(beta_2) + g.powi_scalar(2).mul_scalar(1.0 - beta_2);
    (moments.mean, moments.square) = (mean.clone(), square.clone());
    let root = square.sqrt().div_scalar((1.0 - beta_2.powi(t)).sqrt()).add_scalar(epsilon);
    let change = (mean / root).mul_scalar(group.learning_rate / (1.0 - beta_1.powi(t)));
    value.mul_scalar(1.0 - group.learning_rate * group.weight_decay) - change
}

/// `module` with the `updated` parameters at their paths.
pub(crate) fn replace<M: Module>(module: M, updated: BTreeMap<String, Tensor<1>>) -> M {
    module.map(&mut Replace { updated, path: Vec::new() })
}

struct Replace {
    updated: BTreeMap<String, Tensor<1>>,
    path: Vec<String>,
}

impl ModuleMapper for Replace {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(updated) = self.updated.remove(&self.path.join(".")) else { return param };
        param.map(|old| {
            let updated = updated.reshape(old.dims());
            if old.is_autodiff() { Tensor::from_inner(updated).require_grad() } else { updated }
        })
    }
}
