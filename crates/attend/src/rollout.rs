//! Attention rollout: the share of each input token that reaches a token of the last block.

use burn::tensor::Tensor;

use crate::model::numbers;

/// Row `query` of the product of all blocks' ½·(mean attention + identity), the last block first; the identity stands for
/// the residual connection (Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3).
///
/// # Shapes
/// - `means`: `[P, P]` each, from the first kept block to the last
///
/// Returns `[P]`, summing to 1.
pub(crate) fn row(means: &[Tensor<2>], query: usize) -> Vec<f32> {
    let Some((last, below)) = means.split_last() else { return Vec::new() };
    let [tokens, _] = last.dims();
    let own = Tensor::<2>::eye(tokens, &last.device()).narrow(0, query, 1);
    let top = (last.clone().narrow(0, query, 1) + own) * 0.5; // [1, P]
    numbers(below.iter().rev().fold(top, |row, mean| (row.clone().matmul(mean.clone()) + row) * 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// ½(A₂+I)·½(A₁+I) for two tokens, by hand.
    #[test]
    fn half_of_each_block_is_the_residual() {
        let device = Device::flex();
        let below = Tensor::from_floats([[0.2, 0.8], [0.6, 0.4]], &device);
        let above = Tensor::from_floats([[0.5, 0.5], [1.0, 0.0]], &device);
        let close = |found: Vec<f32>, by_hand: [f32; 2]| {
            assert!(found.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        };
        close(row(&[below.clone(), above.clone()], 0), [0.75 * 0.6 + 0.25 * 0.3, 0.75 * 0.4 + 0.25 * 0.7]);
        close(row(&[below, above], 1), [0.5 * 0.6 + 0.5 * 0.3, 0.5 * 0.4 + 0.5 * 0.7]);
    }
}
