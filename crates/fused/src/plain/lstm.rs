//! One LSTM layer, step by step.

use burn::tensor::{Device, Tensor, TensorData, activation};

use super::linear;
use crate::{LinearWeights, LstmWeights};

/// One LSTM layer; see [`crate::lstm()`].
pub fn lstm(input: Tensor<3>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<3> {
    let real = real(lengths, input.dims()[1], &input.device());
    let run = |(index, weights)| direction(input.clone(), real.as_deref(), weights, index == 1);
    Tensor::cat(directions.into_iter().enumerate().map(run).collect(), 2)
}

/// For each position, `[B, 1]`: 1 where the sequence has a token there, 0 behind its end; none without padding.
fn real(lengths: &[usize], positions: usize, device: &Device) -> Option<Vec<Tensor<2>>> {
    let at = |position: usize| {
        let column: Vec<f32> = lengths.iter().map(|&length| f32::from(u8::from(position < length))).collect();
        Tensor::from_data(TensorData::new(column, [lengths.len(), 1]), device)
    };
    let padded = lengths.iter().any(|&length| length < positions);
    padded.then(|| (0..positions).map(at).collect())
}

/// One direction over all positions; the state is zero until the first real token it meets.
///
/// # Shapes
/// - `input`: `[B, P, inputs]`
///
/// Returns `[B, P, L]`.
fn direction(input: Tensor<3>, real: Option<&[Tensor<2>]>, weights: LstmWeights, backwards: bool) -> Tensor<3> {
    let [b, p, inputs] = input.dims();
    let l = weights.hidden.dims()[1];
    let layer = LinearWeights { weight: weights.input, bias: weights.input_bias + weights.hidden_bias };
    let gates = linear(input.reshape([b * p, inputs]), layer).reshape([b, p, 4 * l]);
    let from_hidden = weights.hidden.transpose(); // [L, 4·L]
    let zeros = Tensor::zeros([b, l], &gates.device());
    let (mut hidden, mut cell) = (zeros.clone(), zeros);
    let mut outputs = vec![hidden.clone(); p];
    let steps = apart(gates);
    for step in 0..p {
        let position = if backwards { p - 1 - step } else { step };
        let gates = steps[position].clone() + hidden.matmul(from_hidden.clone());
        (hidden, cell) = next(gates, cell);
        if let Some(real) = real {
            (hidden, cell) = (hidden * real[position].clone(), cell * real[position].clone());
        }
        outputs[position] = hidden.clone();
    }
    Tensor::stack(outputs, 1)
}

/// The state after one step: `[B, 4·L]` gates and the cell before it to hidden state and cell, `[B, L]` each.
fn next(gates: Tensor<2>, cell: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [b, l] = cell.dims();
    let gate = |index: usize| gates.clone().slice([0..b, index * l..(index + 1) * l]);
    let [input, forget, output] = [0, 1, 3].map(|index| activation::sigmoid(gate(index)));
    let cell = forget * cell + input * gate(2).tanh();
    (output * cell.clone().tanh(), cell)
}

/// The positions one by one, by halves: the gradient of P slices of one tensor would each be as large as the whole.
fn apart(x: Tensor<3>) -> Vec<Tensor<2>> {
    let [b, p, width] = x.dims();
    if p == 1 {
        return vec![x.reshape([b, width])];
    }
    let half = |from: usize, to: usize| x.clone().slice([0..b, from..to, 0..width]);
    [apart(half(0, p / 2)), apart(half(p / 2, p))].concat()
}
