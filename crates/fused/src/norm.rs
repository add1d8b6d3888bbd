//! LayerNorm alone, as one operation on LibTorch.

use burn::tensor::Tensor;

use crate::NormWeights;

/// LayerNorm over the last axis (Ba et al. 2016), biased variance.
///
/// # Shapes
/// - `x`: `[rows, H]`
///
/// Returns `[rows, H]`.
pub fn layer_norm(x: Tensor<2>, norm: NormWeights, epsilon: f64) -> Tensor<2> {
    #[cfg(feature = "libtorch")]
    if crate::libtorch::serves(&x) {
        return crate::libtorch::layer_norm(x, norm, epsilon);
    }
    crate::plain::layer_norm(x, norm, epsilon)
}

#[cfg(test)]
#[cfg(feature = "libtorch")]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn the_layer_norm_of_libtorch_equals_the_plain_one() {
        crate::libtorch_devices()
            .into_iter()
            .map(Device::autodiff)
            .for_each(|device| assert_equals_the_plain_one(&device));
    }

    fn assert_equals_the_plain_one(device: &Device) {
        let random = |rows| Tensor::<2>::random([rows, 24], Distribution::Default, device);
        let x = random(5).require_grad();
        let [gamma, beta] = [1, 1].map(|rows| random(rows).reshape([24]).require_grad());
        let flowing = random(5);
        let of = |norm: fn(Tensor<2>, NormWeights, f64) -> Tensor<2>| {
            let y = norm(x.clone(), NormWeights { gamma: gamma.clone(), beta: beta.clone() }, 1e-5);
            let gradients = (y.clone() * flowing.clone()).sum().backward();
            let one = |p: &Tensor<1>| p.grad(&gradients).unwrap().unsqueeze::<2>();
            [y.inner(), x.grad(&gradients).unwrap(), one(&gamma), one(&beta)]
        };
        for (found, expected) in of(layer_norm).into_iter().zip(of(crate::plain::layer_norm)) {
            assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-5);
        }
    }
}
