//! One transformer block, as one operation on LibTorch.

use std::sync::Arc;

use basics::Precision;
use burn::tensor::Tensor;

use crate::Layout;

/// A linear layer's numbers, laid out as Hugging Face stores them.
#[derive(Debug, Clone)]
pub struct LinearWeights {
    /// `[out, in]`
    pub weight: Tensor<2>,
    /// `[out]`
    pub bias: Tensor<1>,
}

/// A LayerNorm's numbers.
#[derive(Debug, Clone)]
pub struct NormWeights {
    /// `[H]`
    pub gamma: Tensor<1>,
    /// `[H]`
    pub beta: Tensor<1>,
}

/// All parameters of one block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// `[H, H]`
    pub query: LinearWeights,
    /// `[H, H]`
    pub key: LinearWeights,
    /// `[H, H]`
    pub value: LinearWeights,
    /// `[H, H]`, after the attention
    pub attention_output: LinearWeights,
    /// after the first residual sum
    pub attention_norm: NormWeights,
    /// `[I, H]`
    pub intermediate: LinearWeights,
    /// `[H, I]`
    pub output: LinearWeights,
    /// after the second residual sum
    pub output_norm: NormWeights,
}

/// The activation between the two linear layers of a block's feed-forward half, under Hugging Face's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// `gelu`: x·Φ(x), exact (Hendrycks and Gimpel 2016).
    #[default]
    Gelu,
    /// `gelu_new` and `gelu_pytorch_tanh`: the same paper's approximation by tanh.
    GeluTanh,
    /// `relu`: max(x, 0).
    Relu,
}

/// The settings of a block.
#[derive(Debug, Clone, Copy)]
pub struct BlockOptions {
    /// N, which divides H.
    pub num_attention_heads: usize,
    /// Added to the variance in LayerNorm.
    pub layer_norm_eps: f64,
    /// Between the two linear layers of the feed-forward half.
    pub activation: Activation,
    /// Number format of the matrix products.
    pub precision: Precision,
    /// Dropout on attention weights and on both sub-layers' outputs, on a device with autodiff only.
    pub dropout: f64,
    /// Whether only the first row of each sequence is needed. It attends to all rows, but of the other rows only keys
    /// and values are computed: two of a block's twelve units of work, each a product with an H × H matrix.
    pub first_only: bool,
}

/// One post-norm transformer block (Vaswani et al. 2017, as in BERT): attention, residual sum,
/// LayerNorm, two linear layers with an [`Activation`] between them, residual sum, LayerNorm.
///
/// # Shapes
/// - `hidden`: `[R, H]`, the sequences of `layout` one after the other; each attends to its own real tokens
///
/// Returns `[R, H]`, or with `first_only` `[B, H]`.
pub fn block(hidden: Tensor<2>, layout: &Arc<Layout>, weights: BlockWeights, options: BlockOptions) -> Tensor<2> {
    #[cfg(feature = "libtorch")]
    if crate::libtorch::serves(&hidden) {
        return crate::libtorch::block(hidden, layout, weights, options);
    }
    crate::plain::block(hidden, layout, weights, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    const H: usize = 16;
    const ROWS: usize = 128;

    fn devices() -> Vec<Device> {
        crate::devices().into_iter().map(Device::autodiff).collect()
    }

    /// A block that adds nothing to its input, with LayerNorms that only normalise.
    fn silent(device: &Device) -> BlockWeights {
        let linear = |inputs, outputs| LinearWeights {
            weight: Tensor::zeros([outputs, inputs], device),
            bias: Tensor::zeros([outputs], device),
        };
        let square = || linear(H, H);
        let norm = || NormWeights { gamma: Tensor::ones([H], device), beta: Tensor::zeros([H], device) };
        BlockWeights {
            query: square(),
            key: square(),
            value: square(),
            attention_output: square(),
            attention_norm: norm(),
            intermediate: linear(H, 4),
            output: linear(4, H),
            output_norm: norm(),
        }
    }

    /// The rows that come out of two zero vectors for each of [`ROWS`] sequences.
    fn rows(weights: BlockWeights, dropout: f64, first_only: bool, device: &Device) -> Vec<Vec<f32>> {
        device.seed(3);
        let options = BlockOptions {
            activation: Activation::Gelu,
            num_attention_heads: 1,
            layer_norm_eps: 1e-12,
            precision: Precision::Fp32,
            dropout,
            first_only,
        };
        let layout = Arc::new(Layout::tight(&[2; ROWS]));
        let output = block(Tensor::zeros([2 * ROWS, H], device), &layout, weights, options);
        output.into_data().iter::<f32>().collect::<Vec<_>>().chunks(H).map(<[f32]>::to_vec).collect()
    }

    fn is_zero(row: &[f32]) -> bool {
        row.iter().all(|x| x.abs() < 1e-3)
    }

    /// Every device, with all rows and with the first ones only, and how many rows come out then.
    fn cases() -> impl Iterator<Item = (Device, bool, usize)> {
        devices().into_iter().flat_map(|device| [(device.clone(), false, 2 * ROWS), (device, true, ROWS)])
    }

    /// A constant vector is normalised to zero; one whose parts were dropped is not.
    #[test]
    fn dropout_acts_on_the_output_of_either_half() {
        for (device, first_only, count) in cases() {
            for half in ["attention", "feed-forward"] {
                let mut weights = silent(&device);
                let layer = if half == "attention" { &mut weights.attention_output } else { &mut weights.output };
                layer.bias = Tensor::ones([H], &device);
                let kept = rows(weights.clone(), 0.0, first_only, &device);
                assert!(kept.len() == count && kept.iter().all(|row| is_zero(row)), "{device:?} {half}");
                let dropped = rows(weights, 0.5, first_only, &device).iter().filter(|row| !is_zero(row)).count();
                assert!(dropped > count / 2, "{device:?} {half}: {dropped}");
            }
        }
    }

    /// Both weights of a query are dropped in one of four rows, and then nothing is left; dropout of the output alone
    /// leaves nothing in one of 2^16.
    #[test]
    fn dropout_acts_on_attention_weights() {
        for (device, first_only, count) in cases() {
            let mut weights = silent(&device);
            weights.value.bias = Tensor::ones([H], &device);
            weights.attention_output.weight = Tensor::eye(H, &device);
            let empty = rows(weights, 0.5, first_only, &device).iter().filter(|row| is_zero(row)).count();
            assert!((count / 8..count / 2).contains(&empty), "{device:?}: {empty} of {count}");
        }
    }
}
