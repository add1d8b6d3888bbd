//! A part of the model that LibTorch's own autograd differentiates, one operation to burn.
#![expect(unsafe_code, reason = "tch's tensors are not `Sync`")]

use std::sync::Arc;

use burn_autodiff::checkpoint::{base::Checkpointer, strategy::NoCheckpointing};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_tch::{LibTorch, TchTensor};
use tch::Tensor;

use super::{Tracked, shim};

/// The graph of one part: its output, and the detached inputs that lead to it.
#[derive(Debug)]
struct Graph {
    output: Tensor,
    inputs: Vec<Tensor>,
}

// SAFETY: a tch tensor is a pointer with an atomic count, and nothing here hands out its data. A `Graph` is
// written once, before it is shared; `Backward::backward` takes its node by value, so one thread at a time
// runs `shim::grad` on it, inside which LibTorch's engine locks each graph node it visits; after that only
// destructors run, which the atomic counts order.
unsafe impl Sync for Graph {}

#[derive(Debug)]
struct Recorded;

impl<const N: usize> Backward<LibTorch, N> for Recorded {
    /// The second tensor shares the output's storage, so that burn never reuses it in place.
    type State = (Arc<Graph>, TchTensor);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let flowing = gradients.consume::<LibTorch>(&ops.node).tensor;
        let (graph, _output) = ops.state;
        let found = shim::grad(&graph.output, &flowing, &graph.inputs);
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(parent) = parent {
                gradients.register::<LibTorch>(parent.id, TchTensor::new(gradient));
            }
        }
    }
}

/// Run `forward` on the tch tensors of `inputs` as one operation of burn's autodiff.
pub(crate) fn record<const N: usize>(inputs: [Tracked; N], forward: impl Fn(&[Tensor]) -> Tensor) -> Tracked {
    let nodes = inputs.each_ref().map(|input| input.node());
    match Recorded.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let leaf = |input: &Tracked| input.primitive().tensor.detach().set_requires_grad(true);
            let leaves: Vec<Tensor> = inputs.iter().map(leaf).collect();
            let output = tch::with_grad(|| forward(&leaves));
            let seen = TchTensor::new(output.detach());
            prepared.finish((Arc::new(Graph { output, inputs: leaves }), seen.clone()), seen)
        }
        OpsKind::UnTracked(prepared) => {
            let plain: Vec<Tensor> = inputs.iter().map(|input| input.primitive().tensor.shallow_clone()).collect();
            prepared.finish(TchTensor::new(tch::no_grad(|| forward(&plain))))
        }
    }
}
