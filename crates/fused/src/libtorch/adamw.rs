//! One AdamW step of one parameter in a single pass over memory; the twin of `adamw::plain`.

use burn::tensor::Tensor;
use tch::{Kind, Tensor as Tch};

use super::{from_plain, plain, shim};
use crate::adamw::{Betas, Group, Moments};

/// As the formula of [`crate::adamw`], but in place: `value` and the moments keep their storage.
pub(crate) fn adamw(value: Tensor<1>, gradient: Tensor<1>, moments: &Moments, betas: Betas, group: Group) -> Tensor<1> {
    let (value, gradient) = (plain(value), plain(gradient).contiguous());
    let (mean, square) = (plain(moments.mean.clone()), plain(moments.square.clone()));
    let steps = Tch::full([], moments.steps as f64, (Kind::Float, value.device()));
    let on = shim::AdamW { value: &value, gradient: &gradient, mean: &mean, square: &square, steps: &steps };
    shim::adamw(&on, betas, group);
    from_plain(value)
}
