//! One LSTM layer, step by step.

use burn::tensor::{Tensor, activation};

use super::{linear, rows_at};
use crate::lstm::Steps;
use crate::{LinearWeights, LstmWeights};

/// One LSTM layer; see [`crate::lstm()`].
pub fn lstm(input: Tensor<2>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<2> {
    let run = |(index, weights)| direction(input.clone(), &Steps::new(lengths, index == 1), weights);
    Tensor::cat(directions.into_iter().enumerate().map(run).collect(), 1)
}

/// One direction over all steps; each step covers the sequences that are long enough.
///
/// # Shapes
/// - `input`: `[R, inputs]`
///
/// Returns `[R, L]`.
fn direction(input: Tensor<2>, steps: &Steps, weights: LstmWeights) -> Tensor<2> {
    let device = input.device();
    let layer = LinearWeights { weight: weights.input, bias: weights.input_bias + weights.hidden_bias };
    let gates = linear(rows_at(input, &steps.order), layer); // [R, 4·L], step by step
    let from_hidden = weights.hidden.transpose(); // [L, 4·L]
    let zeros = Tensor::zeros([steps.sizes[0], from_hidden.dims()[0]], &device);
    let (mut hidden, mut cell) = (zeros.clone(), zeros);
    let mut outputs = Vec::with_capacity(steps.sizes.len());
    for gates in apart(gates, &steps.sizes) {
        let going_on = gates.dims()[0];
        let gates = gates + first(hidden, going_on).matmul(from_hidden.clone());
        (hidden, cell) = next(gates, first(cell, going_on));
        outputs.push(hidden.clone());
    }
    rows_at(Tensor::cat(outputs, 0), &steps.back)
}

/// The state after one step: `[B, 4·L]` gates and the cell before it to hidden state and cell, `[B, L]` each.
fn next(gates: Tensor<2>, cell: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [b, l] = cell.dims();
    let gate = |index: usize| gates.clone().slice([0..b, index * l..(index + 1) * l]);
    let [input, forget, output] = [0, 1, 3].map(|index| activation::sigmoid(gate(index)));
    let cell = forget * cell + input * gate(2).tanh();
    (output * cell.clone().tanh(), cell)
}

/// The states of the sequences that continue.
fn first(state: Tensor<2>, rows: usize) -> Tensor<2> {
    let [b, l] = state.dims();
    if rows == b { state } else { state.slice([0..rows, 0..l]) }
}

/// Split the rows of each step by halves: the gradient of each slice of one tensor is as large as the whole tensor.
fn apart(x: Tensor<2>, sizes: &[usize]) -> Vec<Tensor<2>> {
    if sizes.len() == 1 {
        return vec![x];
    }
    let [rows, width] = x.dims();
    let (early, late) = sizes.split_at(sizes.len() / 2);
    let cut = early.iter().sum();
    let half = |rows: std::ops::Range<usize>| x.clone().slice([rows, 0..width]);
    [apart(half(0..cut), early), apart(half(cut..rows), late)].concat()
}
