//! LayerNorm in one call; the twin of `plain::layer_norm`.

use burn::tensor::Tensor;
use tch::Tensor as Tch;

use super::recorded::record;
use super::{from_plain, from_tracked, is_tracked, plain, tracked};
use crate::NormWeights;

/// LayerNorm; see [`crate::layer_norm()`].
pub(crate) fn layer_norm(x: Tensor<2>, norm: NormWeights, epsilon: f64) -> Tensor<2> {
    let forward = |inputs: &[Tch]| {
        let [x, gamma, beta] = inputs else { unreachable!("LayerNorm has three inputs") };
        x.layer_norm(gamma.size(), Some(gamma), Some(beta), epsilon, true)
    };
    let NormWeights { gamma, beta } = norm;
    if is_tracked(&x) {
        from_tracked(record([tracked(x), tracked(gamma), tracked(beta)], forward))
    } else {
        from_plain(tch::no_grad(|| forward(&[plain(x), plain(gamma), plain(beta)])))
    }
}
