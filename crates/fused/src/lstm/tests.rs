#[cfg(feature = "libtorch")]
#[expect(deprecated, reason = "burn-tch goes in 0.23")]
mod on_libtorch;

use burn::tensor::{Device, Tensor, TensorData};

use super::*;

/// The sizes of a test layer.
#[derive(Debug, Clone, Copy)]
struct Case {
    lengths: &'static [usize],
    directions: usize,
    inputs: usize,
    hidden: usize,
}

/// Deterministic pseudo-random numbers between ±`most`.
fn numbers(seed: usize, count: usize, most: f32) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).map(|x| x * most).collect()
}

fn matrix(seed: usize, shape: [usize; 2], most: f32, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers(seed, shape[0] * shape[1], most), shape), device)
}

impl Case {
    fn rows(&self) -> usize {
        self.lengths.iter().sum()
    }

    fn weights(&self, direction: usize, device: &Device) -> LstmWeights {
        let (seed, most) = (10 * direction, 1.0 / (self.hidden as f32).sqrt());
        let bias = |seed| matrix(seed, [1, 4 * self.hidden], most, device).flatten(0, 1);
        LstmWeights {
            input: matrix(seed + 1, [4 * self.hidden, self.inputs], most, device),
            hidden: matrix(seed + 2, [4 * self.hidden, self.hidden], most, device),
            input_bias: bias(seed + 3),
            hidden_bias: bias(seed + 4),
        }
    }

    fn input(&self, device: &Device) -> Tensor<2> {
        matrix(9, [self.rows(), self.inputs], 2.0, device)
    }

    fn all_weights(&self, device: &Device) -> Vec<LstmWeights> {
        (0..self.directions).map(|direction| self.weights(direction, device)).collect()
    }

    /// The layer's output.
    fn output(&self, device: &Device) -> Vec<f32> {
        let output = lstm(self.input(device), self.lengths, self.all_weights(device));
        assert_eq!(output.dims(), [self.rows(), self.directions * self.hidden]);
        read(output)
    }

    /// The layer's output, then the gradients of its input and of every weight, on a device with autodiff.
    fn output_and_gradients(
        &self,
        device: &Device,
        layer: impl Fn(Tensor<2>, &[usize], Vec<LstmWeights>) -> Tensor<2>,
    ) -> Vec<Vec<f32>> {
        let input = self.input(device).require_grad();
        let weights: Vec<_> = self.all_weights(device).into_iter().map(LstmWeights::require_grad).collect();
        let output = layer(input.clone(), self.lengths, weights.clone());
        let flowing = matrix(77, output.dims(), 1.0, device);
        let gradients = (output.clone() * flowing).sum().backward();
        let mut all = vec![read(output), read(input.grad(&gradients).unwrap())];
        for w in &weights {
            all.extend([&w.input, &w.hidden].map(|weight| read(weight.grad(&gradients).unwrap())));
            all.extend([&w.input_bias, &w.hidden_bias].map(|bias| read(bias.grad(&gradients).unwrap())));
        }
        all
    }
}

impl LstmWeights {
    fn require_grad(self) -> Self {
        LstmWeights {
            input: self.input.require_grad(),
            hidden: self.hidden.require_grad(),
            input_bias: self.input_bias.require_grad(),
            hidden_bias: self.hidden_bias.require_grad(),
        }
    }
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The greatest difference, as a share of the greatest number.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let most = |numbers: &mut dyn Iterator<Item = f32>| numbers.fold(0.0, |most: f32, x| most.max(x.abs()));
    assert!(a.iter().chain(b).all(|x| x.is_finite()));
    most(&mut a.iter().zip(b).map(|(a, b)| a - b)) / most(&mut a.iter().copied()).max(1e-6)
}

const SMALL: Case = Case { lengths: &[3, 5, 1, 5], directions: 2, inputs: 2, hidden: 3 };

fn wide(numbers: Vec<f32>) -> Vec<f64> {
    numbers.into_iter().map(f64::from).collect()
}

/// The input, then each direction's four tensors, as [`Case::output_and_gradients`] orders their gradients.
fn tensors(case: Case) -> Vec<Vec<f64>> {
    let device = Device::flex();
    let four = |w: LstmWeights| [read(w.input), read(w.hidden), read(w.input_bias), read(w.hidden_bias)];
    let weights = case.all_weights(&device).into_iter().flat_map(four);
    std::iter::once(read(case.input(&device))).chain(weights).map(wide).collect()
}

/// Σₖ `matrix[row][k] · x[k]`.
fn dot(matrix: &[f64], row: usize, x: &[f64]) -> f64 {
    matrix[row * x.len()..].iter().zip(x).map(|(w, x)| w * x).sum()
}

/// The layer by hand, number by number: PyTorch's documentation of `nn.LSTM`.
fn by_hand(case: Case, tensors: &[Vec<f64>]) -> Vec<f64> {
    let (l, width) = (case.hidden, case.directions * case.hidden);
    let mut output = vec![0.0; case.rows() * width];
    for (direction, weights) in tensors[1..].chunks(4).enumerate() {
        let mut start = 0;
        for &length in case.lengths {
            let (mut h, mut c) = (vec![0.0; l], vec![0.0; l]);
            for step in 0..length {
                let row = start + if direction == 0 { step } else { length - 1 - step };
                (h, c) = step_by_hand(weights, &tensors[0][row * case.inputs..][..case.inputs], &h, &c);
                output[row * width + direction * l..][..l].copy_from_slice(&h);
            }
            start += length;
        }
    }
    output
}

fn step_by_hand(weights: &[Vec<f64>], x: &[f64], h: &[f64], c: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let [wi, wh, bi, bh] = weights else { unreachable!("four tensors of one direction") };
    let l = h.len();
    let gate = |k: usize| dot(wi, k, x) + bi[k] + dot(wh, k, h) + bh[k];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let cell = |k| sigmoid(gate(l + k)) * c[k] + sigmoid(gate(k)) * gate(2 * l + k).tanh();
    let cells: Vec<f64> = (0..l).map(cell).collect();
    ((0..l).map(|k| sigmoid(gate(3 * l + k)) * cells[k].tanh()).collect(), cells)
}

#[test]
fn the_plain_layer_is_the_formula() {
    for directions in [1, 2] {
        let case = Case { directions, ..SMALL };
        let exact: Vec<f32> = by_hand(case, &tensors(case)).into_iter().map(|x| x as f32).collect();
        assert!(difference(&exact, &case.output(&Device::flex())) < 1e-6, "{directions} directions");
    }
}

/// Each tensor moves a little, along a path of its own; the loss must change as its gradient predicts.
#[test]
fn the_plain_gradients_are_the_slopes_of_the_formula() {
    let (tensors, flowing) = (tensors(SMALL), wide(numbers(77, SMALL.rows() * 6, 1.0)));
    let found = SMALL.output_and_gradients(&Device::flex().autodiff(), lstm);
    for (index, gradient) in found[1..].iter().enumerate() {
        let path = wide(numbers(50 + index, gradient.len(), 1.0));
        let loss = |by: f64| {
            let mut moved = tensors.clone();
            moved[index].iter_mut().zip(&path).for_each(|(x, step)| *x += by * step);
            dot(&by_hand(SMALL, &moved), 0, &flowing)
        };
        let slope = (loss(1e-4) - loss(-1e-4)) / 2e-4;
        let gradient = dot(&wide(gradient.clone()), 0, &path);
        assert!((slope - gradient).abs() < 1e-5 * (1.0 + slope.abs()), "tensor {index}: {slope} {gradient}");
    }
}

#[test]
fn a_sequence_does_not_see_its_neighbours() {
    let device = Device::flex();
    let together = SMALL.output(&device);
    let case = Case { lengths: &[5], ..SMALL };
    let rows = SMALL.input(&device).slice([3..8, 0..2]); // the second sequence
    let alone = lstm(rows, case.lengths, case.all_weights(&device));
    assert!(difference(&read(alone), &together[3 * 6..8 * 6]) < 1e-6);
}

#[test]
#[should_panic(expected = "the sequences of a flat batch make up its rows")]
fn lengths_that_do_not_make_up_the_rows_are_refused() {
    let device = Device::flex();
    let _ = lstm(SMALL.input(&device), &[3, 5], SMALL.all_weights(&device));
}
