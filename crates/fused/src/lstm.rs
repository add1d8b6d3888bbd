//! One LSTM layer over sequences of different lengths, in one direction or in both.

use burn::tensor::Tensor;

use crate::{Layout, plain};

/// One direction of an LSTM layer, laid out as PyTorch stores it: the rows are the input, forget, cell and output
/// gates, L each.
#[derive(Debug, Clone)]
pub struct LstmWeights {
    /// `[4·L, inputs]`
    pub input: Tensor<2>,
    /// `[4·L, L]`
    pub hidden: Tensor<2>,
    /// `[4·L]`
    pub input_bias: Tensor<1>,
    /// `[4·L]`
    pub hidden_bias: Tensor<1>,
}

/// One LSTM layer (Hochreiter & Schmidhuber 1997, with forget gates; PyTorch's `nn.LSTM`). The second direction, if
/// there is one, runs from each sequence's last real token to its first.
///
/// # Shapes
/// - `input`: `[R, inputs]`, the sequences one behind the other
/// - `lengths`: `[B]`, the rows of each sequence, R in all
/// - `directions`: one or two
///
/// Returns `[R, directions·L]`.
pub fn lstm(input: Tensor<2>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<2> {
    let layout = Layout::tight(lengths);
    plain::from_grid(padded(plain::to_grid(input, &layout), lengths, directions), &layout)
}

/// `[B, P, inputs]` to `[B, P, directions·L]`; what lies behind a sequence's end is not read.
fn padded(input: Tensor<3>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<3> {
    #[cfg(feature = "libtorch")]
    if crate::libtorch::serves(&input) {
        return crate::libtorch::lstm(input, lengths, directions);
    }
    plain::lstm(input, lengths, directions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    /// Numbers that look random and are the same everywhere.
    fn numbers(seed: usize, count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).collect()
    }

    fn weights(seed: usize, inputs: usize, device: &Device) -> LstmWeights {
        let two = |seed, shape: [usize; 2]| {
            Tensor::from_data(TensorData::new(numbers(seed, shape[0] * shape[1]), shape), device)
        };
        let one = |seed, size| Tensor::from_data(TensorData::new(numbers(seed, size), [size]), device);
        LstmWeights {
            input: two(seed, [12, inputs]),
            hidden: two(seed + 1, [12, 3]),
            input_bias: one(seed + 2, 12),
            hidden_bias: one(seed + 3, 12),
        }
    }

    fn run(lengths: &[usize], n_directions: usize, device: &Device) -> Vec<f32> {
        let rows = lengths.iter().sum();
        let data = TensorData::new(numbers(9, rows * 2), [rows, 2]);
        let directions = (0..n_directions).map(|direction| weights(10 * direction, 2, device)).collect();
        let output = lstm(Tensor::from_data(data, device), lengths, directions);
        assert_eq!(output.dims(), [rows, 3 * n_directions]);
        output.into_data().iter::<f32>().collect()
    }

    #[test]
    fn a_sequence_knows_nothing_of_those_behind_it() {
        let device = Device::flex();
        let (alone, among) = (run(&[2], 2, &device), run(&[2, 5], 2, &device));
        assert!(alone.iter().zip(&among).all(|(a, b)| (a - b).abs() < 1e-6), "{alone:?} {among:?}");
    }

    #[cfg(feature = "libtorch")]
    #[test]
    #[expect(deprecated, reason = "burn-tch goes in 0.23")]
    fn libtorchs_lstm_is_the_plain_one() {
        for (lengths, directions) in [(&[3, 5, 1, 5][..], 2), (&[3, 5, 1, 5], 1), (&[5, 5], 2)] {
            let plain = run(lengths, directions, &Device::flex());
            let fused = run(lengths, directions, &Device::libtorch());
            assert!(plain.iter().zip(&fused).all(|(a, b)| (a - b).abs() < 1e-6), "{lengths:?}: {plain:?} {fused:?}");
        }
    }
}
