//! A block with its own gradient, one operation to burn.
#![expect(unsafe_code, reason = "tch's tensors are not `Sync`")]

use std::sync::{Arc, Mutex, PoisonError};

use burn_autodiff::checkpoint::{base::Checkpointer, strategy::NoCheckpointing};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_tch::{LibTorch, TchTensor};
use tch::Tensor;

use super::Tracked;
use super::native::block::{INPUTS, Kept, forward, gradients};
use crate::{BlockOptions, Layout};

/// The results that a block kept, for one use.
#[derive(Debug)]
struct Once(Mutex<Option<Kept>>);

// SAFETY: a tch tensor is a pointer with an atomic count, and the kept results are accessed through the lock only.
unsafe impl Sync for Once {}
// SAFETY: as above; tch's tensors may be sent.
unsafe impl Send for Once {}

#[derive(Debug)]
struct Differentiated;

impl Backward<LibTorch, INPUTS> for Differentiated {
    type State = Arc<Once>;

    fn backward(self, ops: Ops<Self::State, INPUTS>, to: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let flowing = to.consume::<LibTorch>(&ops.node).tensor;
        let Some(kept) = ops.state.0.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            unreachable!("burn runs each node of a graph once")
        };
        let found = tch::no_grad(|| gradients(&kept, &flowing));
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(parent) = parent {
                to.register::<LibTorch>(parent.id, TchTensor::new(gradient));
            }
        }
    }
}

/// One block as one operation of burn's autodiff.
pub(crate) fn differentiated(inputs: [Tracked; INPUTS], layout: &Arc<Layout>, options: BlockOptions) -> Tracked {
    let nodes = inputs.each_ref().map(|input| input.node());
    let plain: Vec<Tensor> = inputs.iter().map(|input| input.primitive().tensor.shallow_clone()).collect();
    let computed = |keep| tch::no_grad(|| forward(&plain, layout, options, keep));
    match Differentiated.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (output, kept) = computed(true);
            prepared.finish(Arc::new(Once(Mutex::new(kept))), TchTensor::new(output))
        }
        OpsKind::UnTracked(prepared) => prepared.finish(TchTensor::new(computed(false).0)),
    }
}
