//! Forward passes without a backward pass, because memory ran out.
//!
//! burn keeps what a forward pass left for its backward pass, and frees unreachable nodes only in the graph of a
//! backward pass. An abandoned pass has none. So it gets a backward pass that computes nothing: it starts at the
//! parameters, by which burn finds the graph, as long as they have not seen a backward pass since they became part of
//! the module.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The same module, detached from burn's graph; call this before a pass that may run out of memory.
pub fn detach_graph<M: Module>(module: M) -> M {
    module.map(&mut DetachGraph)
}

/// Free what an abandoned forward pass through a module from [`detach_graph`] keeps. Engines other than LibTorch abort
/// the process when memory runs out.
pub fn free_abandoned_graph<M: Module>(module: &M) {
    let mut touched = Touched(None);
    module.visit(&mut touched);
    if let Some(nothing) = touched.0 {
        let _no_gradients = nothing.backward();
    }
}

struct DetachGraph;

impl ModuleMapper for DetachGraph {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let learns = tensor.is_require_grad();
        Param::from_mapped_value(id, tensor.detach().set_require_grad(learns), mapper)
    }
}

/// A zero that depends on every parameter that learns.
struct Touched(Option<Tensor<1>>);

impl ModuleVisitor for Touched {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(zero) = touch(param.val()) else { return };
        self.0 = Some(match self.0.take() {
            Some(sum) => sum + zero,
            None => zero,
        });
    }
}

/// A zero that depends on a tensor that learns, without passing it a gradient.
fn touch<const D: usize>(tensor: Tensor<D>) -> Option<Tensor<1>> {
    #[cfg(feature = "libtorch")]
    if tensor.is_require_grad() && crate::libtorch::serves(&tensor) {
        return Some(crate::libtorch::touch(tensor));
    }
    let _ = tensor;
    None
}
