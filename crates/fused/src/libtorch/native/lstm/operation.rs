//! The layer as one operation of burn's autodiff.

use std::sync::{Arc, Mutex, PoisonError};

use burn_autodiff::checkpoint::{base::Checkpointer, strategy::NoCheckpointing};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_tch::{LibTorch, TchTensor};
use tch::Tensor;

use super::{Computed, Inputs, backward, forward};
use crate::libtorch::Tracked;

/// The data for the gradient. The tensors are burn's own handles: while they live, burn changes none of them in place.
#[derive(Debug, Clone)]
struct Saved {
    inputs: Vec<TchTensor>,
    _output: TchTensor,
    lengths: Arc<[usize]>,
    /// Taken by the only backward pass, which overwrites it.
    computed: Arc<Mutex<Option<Computed>>>,
}

#[derive(Debug)]
struct Layer;

impl<const N: usize> Backward<LibTorch, N> for Layer {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let flowing = gradients.consume::<LibTorch>(&ops.node).tensor;
        let saved = ops.state;
        let Some(computed) = saved.computed.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            unreachable!("burn runs each node of a graph once")
        };
        let tensors: Vec<Tensor> = saved.inputs.iter().map(|input| input.tensor.shallow_clone()).collect();
        let on = Inputs { tensors: &tensors, lengths: &saved.lengths };
        let found = tch::no_grad(|| backward(on, computed, &flowing, ops.parents[0].is_some()));
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<LibTorch>(parent.id, TchTensor::new(gradient));
            }
        }
    }
}

/// Run the layer as one operation of burn's autodiff; `inputs` as in [`Inputs::tensors`].
pub(crate) fn record<const N: usize>(inputs: [Tracked; N], lengths: &[usize]) -> Tracked {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs: Vec<TchTensor> = inputs.into_iter().map(|input| input.into_primitive()).collect();
    let tensors: Vec<Tensor> = inputs.iter().map(|input| input.tensor.shallow_clone()).collect();
    let computed = tch::no_grad(|| forward(Inputs { tensors: &tensors, lengths }));
    let output = TchTensor::new(computed.output.shallow_clone());
    match Layer.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let computed = Arc::new(Mutex::new(Some(computed)));
            let saved = Saved { inputs, _output: output.clone(), lengths: lengths.into(), computed };
            prepared.finish(saved, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}
