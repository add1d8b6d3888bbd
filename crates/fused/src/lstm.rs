//! One LSTM layer over sequences of different lengths, in one direction or in both.

mod steps;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

pub(crate) use steps::Steps;

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
/// there is one, runs from each sequence's last row to its first.
///
/// # Shapes
/// - `input`: `[R, inputs]`, the sequences one after the other, at least one row
/// - `lengths`: `[B]`, the rows of each sequence
/// - `directions`: one or two
///
/// Returns `[R, directions·L]`.
///
/// # Panics
/// If the lengths do not sum to R.
pub fn lstm(input: Tensor<2>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<2> {
    assert_eq!(lengths.iter().sum::<usize>(), input.dims()[0], "the sequences of a flat batch make up its rows");
    #[cfg(feature = "libtorch")]
    if crate::libtorch::serves(&input) {
        return crate::libtorch::lstm(input, lengths, directions);
    }
    crate::plain::lstm(input, lengths, directions)
}
