//! An operation that depends on a tensor without passing it a gradient.

use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::NoCheckpointing};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_tch::{LibTorch, TchTensor};
use tch::Kind;

use super::{from_tracked, tracked};

#[derive(Debug)]
struct Touch;

impl Backward<LibTorch, 1> for Touch {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let _flowing = gradients.consume::<LibTorch>(&ops.node);
    }
}

/// A zero, `[1]`, that depends on `tensor` in burn's graph; no gradient flows back.
pub(crate) fn touch<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let input = tracked(tensor);
    let zero = TchTensor::new(tch::Tensor::zeros([1], (Kind::Float, input.primitive().tensor.device())));
    from_tracked(match Touch.prepare::<NoCheckpointing>([input.node()]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((), zero),
        OpsKind::UnTracked(prepared) => prepared.finish(zero),
    })
}
