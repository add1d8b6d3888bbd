//! A module's parameters one by one, for an optimizer step.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::{Gradients, Group, Moments, RowGradient};

/// A parameter in a step.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: String,
    /// Flat; on LibTorch, the parameter's own memory.
    pub(crate) value: Tensor<1>,
    pub(crate) direction: Direction,
    pub(crate) group: Group,
    pub(crate) moments: Moments,
}

/// A parameter's gradient.
#[derive(Debug)]
pub(crate) enum Direction {
    /// Flat.
    Whole(Tensor<1>),
    /// For some rows of a table.
    Rows(RowGradient),
}

impl Direction {
    /// Flat, with zeros in rows without a gradient; `value` is the parameter.
    pub(crate) fn dense(&self, value: &Tensor<1>) -> Tensor<1> {
        match self {
            Direction::Whole(gradient) => gradient.clone(),
            Direction::Rows(gradient) => gradient.dense(value),
        }
    }
}

/// Every parameter of `module` with a gradient and a group; its moments move out of `moments`.
pub(crate) fn entries<M: Module>(
    module: &M,
    gradients: Gradients,
    group: impl Fn(&str) -> Option<Group>,
    moments: &mut BTreeMap<String, Moments>,
) -> Vec<Entry> {
    let mut collected = Entries { gradients, group, moments, path: Vec::new(), all: Vec::new() };
    module.visit(&mut collected);
    collected.all
}

struct Entries<'a, F> {
    gradients: Gradients,
    group: F,
    moments: &'a mut BTreeMap<String, Moments>,
    path: Vec<String>,
    all: Vec<Entry>,
}

impl<F: Fn(&str) -> Option<Group>> ModuleVisitor for Entries<'_, F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let rows = self.gradients.rows.remove(&path).map(Direction::Rows);
        let whole = self.gradients.whole.remove::<D>(param.id);
        let direction = rows.or_else(|| whole.map(|gradient| Direction::Whole(gradient.flatten(0, D - 1))));
        let (Some(direction), Some(group)) = (direction, (self.group)(&path)) else { return };
        let value = flat(param.val());
        let moments = self.moments.remove(&path).unwrap_or_else(|| Moments::zeros(&value));
        self.all.push(Entry { path, value, direction, group, moments });
    }
}

/// The numbers of a parameter; on LibTorch, its own memory instead of a copy.
fn flat<const D: usize>(parameter: Tensor<D>) -> Tensor<1> {
    let value = if parameter.is_autodiff() { parameter.inner() } else { parameter };
    #[cfg(feature = "libtorch")]
    if crate::libtorch::serves(&value) {
        return crate::libtorch::flat(value);
    }
    value.flatten(0, D - 1)
}

/// Call `work` with the path and the flat numbers of each parameter of `module`.
pub(crate) fn values<M: Module>(module: &M, work: impl FnMut(&str, Tensor<1>)) {
    module.visit(&mut Values { work, path: Vec::new() });
}

struct Values<F> {
    work: F,
    path: Vec<String>,
}

impl<F: FnMut(&str, Tensor<1>)> ModuleVisitor for Values<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        (self.work)(&self.path.join("."), flat(param.val()));
    }
}
