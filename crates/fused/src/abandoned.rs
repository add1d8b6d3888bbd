//! Passes that came to no end, for want of memory for one.
//!
//! burn keeps what a forward pass left for its backward pass, and looks for what nobody can reach any more in the graph
//! of that backward pass only. An abandoned pass has none. So it gets one that computes nothing: from the parameters, by
//! which burn finds the graph, as long as no backward pass has been through them since they became part of the module.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The same module, of whose parameters burn's graph knows nothing yet: before a pass that may come to no end.
pub fn renewed<M: Module>(module: M) -> M {
    module.map(&mut Renewed)
}

/// Let go of what an abandoned forward pass through a [`renewed`] module keeps. Engines other than LibTorch end the
/// process when memory does not suffice; there is nothing to be done for them.
pub fn forget_abandoned<M: Module>(module: &M) {
    let mut touched = Touched(None);
    module.visit(&mut touched);
    if let Some(nothing) = touched.0 {
        let _no_gradients = nothing.backward();
    }
}

struct Renewed;

impl ModuleMapper for Renewed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let learns = tensor.is_require_grad();
        Param::from_mapped_value(id, tensor.detach().set_require_grad(learns), mapper)
    }
}

/// A zero that all that learns leads to.
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

/// Zero, made from a tensor that learns without telling it a gradient.
fn touch<const D: usize>(tensor: Tensor<D>) -> Option<Tensor<1>> {
    #[cfg(feature = "libtorch")]
    if tensor.is_require_grad() && crate::libtorch::serves(&tensor) {
        return Some(crate::libtorch::touch(tensor));
    }
    let _ = tensor;
    None
}
