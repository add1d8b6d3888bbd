//! Gradients scaled down so that their global norm stays below a limit.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use classifier::Model;

/// The gradients without those of parameters that `keeps` turns down by their path: what is frozen has no say in
/// the norm, as with PyTorch's `requires_grad = False`.
pub(crate) fn of_those_that_learn(
    model: &Model,
    gradients: GradientsParams,
    keeps: impl Fn(&str) -> bool,
) -> GradientsParams {
    let mut learning = Learning { gradients, keeps, path: Vec::new() };
    model.visit(&mut learning);
    learning.gradients
}

struct Learning<F> {
    gradients: GradientsParams,
    keeps: F,
    path: Vec<String>,
}

impl<F: Fn(&str) -> bool> ModuleVisitor for Learning<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !(self.keeps)(&self.path.join(".")) {
            self.gradients.remove::<D>(param.id);
        }
    }
}

/// Added to the norm, as in PyTorch's `clip_grad_norm_`.
const TINY: f64 = 1e-6;

/// All gradients times min(1, limit / (‖all gradients‖₂ + 10⁻⁶)) (Pascanu et al. 2013); the norm stays on the device.
pub(crate) fn clip(model: &Model, gradients: GradientsParams, limit: f64) -> GradientsParams {
    let mut squares = Squares { gradients: &gradients, sum: None };
    model.visit(&mut squares);
    let Some(sum) = squares.sum else { return gradients };
    let scale = sum.sqrt().add_scalar(TINY).recip().mul_scalar(limit).clamp_max(1.0);
    let mut scaled = Scaled { gradients, scale };
    model.visit(&mut scaled);
    scaled.gradients
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else { return };
        let square = gradient.powi_scalar(2).sum();
        self.sum = Some(self.sum.take().map_or(square.clone(), |sum| sum + square));
    }
}

struct Scaled {
    gradients: GradientsParams,
    scale: Tensor<1>,
}

impl ModuleVisitor for Scaled {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.scale.clone().reshape([1; D]));
        }
    }
}
