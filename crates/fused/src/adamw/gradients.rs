//! The input of an optimizer step: gradients of whole parameters and of single rows, and the limit of their norm.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::RowGradient;

/// The gradients of a module.
#[derive(Debug, Default)]
pub struct Gradients {
    pub(crate) whole: GradientsParams,
    /// By the path of their table.
    pub(crate) rows: BTreeMap<String, RowGradient>,
    pub(crate) limit: Option<f64>,
}

impl From<GradientsParams> for Gradients {
    fn from(whole: GradientsParams) -> Self {
        Gradients { whole, ..Gradients::default() }
    }
}

impl Gradients {
    /// Add `gradient` of rows of the table at `path`.
    #[must_use]
    pub fn with_rows(mut self, path: impl Into<String>, gradient: RowGradient) -> Self {
        self.rows.insert(path.into(), gradient);
        self
    }

    /// Limit the norm: all gradients times min(1, limit / (‖all‖₂ + 10⁻⁶)) (Pascanu et al. 2013), as PyTorch's
    /// `clip_grad_norm_`. Parameters that the step leaves unchanged do not count in the norm.
    #[must_use]
    pub fn clipped(mut self, limit: Option<f64>) -> Self {
        self.limit = limit;
        self
    }

    /// The sum of two gradients of `module`.
    #[must_use]
    pub fn add<M: Module>(mut self, other: Self, module: &M) -> Self {
        let mut sum = Sum { into: &mut self.whole, from: other.whole };
        module.visit(&mut sum);
        for (path, rows) in other.rows {
            let rows = self.rows.get(&path).map(|earlier| earlier.add(&rows)).unwrap_or(rows);
            self.rows.insert(path, rows);
        }
        self
    }
}

struct Sum<'a> {
    into: &'a mut GradientsParams,
    from: GradientsParams,
}

impl ModuleVisitor for Sum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(more) = self.from.remove::<D>(param.id) else { return };
        let sum = match self.into.remove::<D>(param.id) {
            Some(sum) => sum + more,
            None => more,
        };
        self.into.register(param.id, sum);
    }
}

/// Added to the norm, as in PyTorch's `clip_grad_norm_`.
pub(crate) const TINY: f64 = 1e-6;
