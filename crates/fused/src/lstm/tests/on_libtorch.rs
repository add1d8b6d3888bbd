//! The kernels, the plain twin and LibTorch's own layer, compared.

use super::*;
use crate::libtorch::lstm_recorded;
use crate::libtorch_devices;

const MANY: &[usize] = &[7, 1, 12, 12, 3, 1, 9, 30, 2, 7, 7, 5, 4, 21, 1, 6];

/// Sizes that the kernels support (L a multiple of 16, of 64 or not) and one that they leave to LibTorch; one sequence,
/// equal ones, many; sequences of one row.
fn cases() -> impl Iterator<Item = Case> {
    let all = |hidden| [MANY, &[9], &[4, 4, 4], &[1, 1], &[2, 1], &[1]].map(|lengths| (hidden, lengths));
    let both = |(hidden, lengths)| [1, 2].map(|directions| Case { lengths, directions, inputs: 10, hidden });
    [16, 48, 128, 20].into_iter().flat_map(all).flat_map(both)
}

fn on_devices() -> impl Iterator<Item = (Case, Device)> {
    cases().flat_map(|case| libtorch_devices().into_iter().map(move |device| (case, device)))
}

fn assert_close(case: Case, a: &[Vec<f32>], b: &[Vec<f32>]) {
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(difference(a, b) < 1e-5, "{case:?}, tensor {index}: {}", difference(a, b));
    }
}

#[test]
fn values_and_gradients_equal_the_plain_twin() {
    for (case, device) in on_devices() {
        let plain = case.output_and_gradients(&Device::flex().autodiff(), lstm);
        assert_close(case, &plain, &case.output_and_gradients(&device.autodiff(), lstm));
    }
}

#[test]
fn values_and_gradients_equal_the_layer_of_libtorch() {
    for (case, device) in on_devices() {
        let device = device.autodiff();
        let recorded = case.output_and_gradients(&device, lstm_recorded);
        assert_close(case, &recorded, &case.output_and_gradients(&device, lstm));
    }
}

#[test]
fn evaluation_gives_the_values_of_training() {
    for (case, device) in on_devices() {
        let trained = &case.output_and_gradients(&device.clone().autodiff(), lstm)[0];
        assert_eq!(trained, &case.output(&device), "{device:?} {case:?}");
    }
}

/// Training with a frozen encoder below: its gradient is not computed, and the weights learn the same.
#[test]
fn an_input_without_gradient_changes_no_other() {
    let device = Device::libtorch().autodiff();
    let case = Case { lengths: MANY, directions: 2, inputs: 10, hidden: 16 };
    let frozen = |input: Tensor<2>, lengths: &[usize], weights| {
        let fixed = case.input(&device); // `detach` would still request a gradient
        lstm(fixed, lengths, weights) + input.sum().mul_scalar(0.0).reshape([1, 1])
    };
    let (all, rest) = (case.output_and_gradients(&device, lstm), case.output_and_gradients(&device, frozen));
    assert_eq!(all[2..], rest[2..]);
    assert!(rest[1].iter().all(|&x| x == 0.0));
}

/// burn computes in place if it holds the only handle of a tensor; the layer holds its output until the gradient is
/// done.
#[test]
fn later_operations_keep_the_data_of_the_gradient() {
    let device = Device::libtorch().autodiff();
    let case = Case { lengths: MANY, directions: 2, inputs: 10, hidden: 16 };
    let gradient = |then: fn(Tensor<2>) -> Tensor<2>| {
        let weights: Vec<_> = case.all_weights(&device).into_iter().map(LstmWeights::require_grad).collect();
        let output = lstm(case.input(&device), case.lengths, weights.clone());
        let gradients = then(output).sum().backward();
        read(weights[0].hidden.grad(&gradients).unwrap())
    };
    assert_eq!(gradient(|x| x.mul_scalar(3.0)), gradient(|x| x.clone().mul_scalar(3.0) + x.mul_scalar(0.0)));
}

/// The kernels give the same bits for any number of threads. LibTorch, which multiplies their input and computes the
/// layer where they do not apply, does not promise this; so the input's numbers have exact products and sums in any
/// order.
#[test]
#[cfg(target_arch = "x86_64")]
fn threads_do_not_change_the_recurrence() {
    let (case, device) = (Case { lengths: MANY, directions: 1, inputs: 10, hidden: 32 }, Device::libtorch());
    if !crate::libtorch::has_lstm_kernels() {
        return;
    }
    let exact = |numbers: Tensor<2>| (numbers * 64.0).round() / 64.0;
    let with = |threads| {
        tch::set_num_threads(threads);
        let weights = case.weights(0, &device);
        let weights = LstmWeights { input: exact(weights.input), ..weights };
        read(lstm(exact(case.input(&device)), case.lengths, vec![weights]))
    };
    let before = tch::get_num_threads();
    let outputs = [with(1), with(2), with(5)];
    tch::set_num_threads(before);
    assert!(outputs.iter().all(|output| output == &outputs[0]));
}
