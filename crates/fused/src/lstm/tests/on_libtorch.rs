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

/// A gradient that flows in at the ends only, as from the classifier of the BiLSTM head.
fn at_the_ends(case: Case, device: &Device) -> Tensor<2> {
    let width = case.hidden * case.directions;
    let mut flowing = vec![0.0; case.rows() * width];
    let mut end = 0;
    for &length in case.lengths {
        flowing[end * width + case.hidden..][..case.hidden].fill(1.0); // the second direction ends at the first row
        end += length;
        flowing[(end - 1) * width..][..case.hidden].fill(1.0);
    }
    Tensor::from_data(TensorData::new(flowing, [case.rows(), width]), device)
}

/// Forward, and forward and backward, at the size of the BiLSTM head and of `custom-embedding`:
/// `cargo test --release -p fused --features libtorch -- --ignored --nocapture lstm_speed`.
#[test]
#[ignore = "prints times"]
fn lstm_speed() {
    let lengths: &[usize] = (0..32).map(|i| (60 + 59 * i * i / 90).min(512)).collect::<Vec<_>>().leak();
    for inputs in [384, 100] {
        let case = Case { lengths, directions: 2, inputs, hidden: 128 };
        let pairs = (0..9).map(|_| (milliseconds(case, lstm), milliseconds(case, lstm_recorded)));
        let (kernels, recorded): (Vec<_>, Vec<_>) = pairs.unzip();
        let (kernels, recorded) = (median(kernels), median(recorded));
        println!("R = {}, {inputs} inputs: kernels {kernels:.1?} ms, LibTorch {recorded:.1?} ms", case.rows());
    }
}

fn milliseconds(case: Case, layer: fn(Tensor<2>, &[usize], Vec<LstmWeights>) -> Tensor<2>) -> [f64; 2] {
    let device = Device::libtorch().autodiff();
    let (input, flowing) = (case.input(&device).require_grad(), at_the_ends(case, &device));
    let weights = case.all_weights(&device).into_iter().map(LstmWeights::require_grad).collect();
    let start = std::time::Instant::now();
    let output = layer(input, case.lengths, weights);
    let forward = start.elapsed();
    let _gradients = (output * flowing).sum().backward();
    [forward, start.elapsed()].map(|time| time.as_secs_f64() * 1e3)
}

/// The time of forward and backward together, and of the forward part of the same run.
fn median(mut times: Vec<[f64; 2]>) -> [f64; 2] {
    times.sort_by(|a, b| a[1].total_cmp(&b[1]));
    times[times.len() / 2]
}
