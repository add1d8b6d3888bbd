//! One LSTM layer: our own kernels where they apply, otherwise LibTorch's packed sequences; the twin of `plain::lstm`.

use burn::tensor::Tensor;
use tch::{Kind, Tensor as Tch};

#[cfg(target_arch = "x86_64")]
use super::native;
use super::recorded::record;
use super::{Tracked, from_plain, from_tracked, is_tracked, plain, tracked};
use crate::LstmWeights;
use crate::lstm::Steps;

/// The implementation of a layer.
#[derive(Debug, Clone, Copy)]
enum By {
    #[cfg(target_arch = "x86_64")]
    Kernels,
    LibTorch,
}

/// One LSTM layer; see [`crate::lstm()`].
pub(crate) fn lstm(input: Tensor<2>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<2> {
    #[cfg(target_arch = "x86_64")]
    {
        let hidden_size = directions.first().map_or(0, |direction| direction.hidden.dims()[1]);
        if native::lstm::serves(&plain(input.clone().without_autodiff()), hidden_size) {
            return layer(input, lengths, directions, By::Kernels);
        }
    }
    layer(input, lengths, directions, By::LibTorch)
}

/// The same with LibTorch's operators, on any device.
#[cfg(test)]
pub(crate) fn lstm_recorded(input: Tensor<2>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<2> {
    layer(input, lengths, directions, By::LibTorch)
}

fn layer(input: Tensor<2>, lengths: &[usize], directions: Vec<LstmWeights>, by: By) -> Tensor<2> {
    if !is_tracked(&input) {
        let inputs: Vec<Tch> = inputs(input, directions, plain, plain, plain).collect();
        return from_plain(tch::no_grad(|| untracked_layer(&inputs, lengths, by)));
    }
    let inputs: Vec<_> = inputs(input, directions, tracked, tracked, tracked).collect();
    let inputs = match <[_; 5]>::try_from(inputs) {
        Ok(one_direction) => return from_tracked(tracked_layer(one_direction, lengths, by)),
        Err(inputs) => inputs,
    };
    match <[_; 9]>::try_from(inputs) {
        Ok(both_directions) => from_tracked(tracked_layer(both_directions, lengths, by)),
        Err(inputs) => unreachable!("a layer has one or two directions, four tensors each: {} inputs", inputs.len()),
    }
}

fn untracked_layer(inputs: &[Tch], lengths: &[usize], by: By) -> Tch {
    match by {
        #[cfg(target_arch = "x86_64")]
        By::Kernels => native::lstm::forward(native::lstm::Inputs { tensors: inputs, lengths }).output,
        By::LibTorch => Packing::new(lengths, inputs[0].device()).forward(inputs, false),
    }
}

fn tracked_layer<const N: usize>(inputs: [Tracked; N], lengths: &[usize], by: By) -> Tracked {
    match by {
        #[cfg(target_arch = "x86_64")]
        By::Kernels => native::lstm::record(inputs, lengths),
        By::LibTorch => {
            let packing = Packing::new(lengths, inputs[0].primitive().tensor.device());
            record(inputs, |inputs| packing.forward(inputs, true))
        }
    }
}

/// The input, then each direction's four tensors in PyTorch's order.
fn inputs<T>(
    input: Tensor<2>,
    directions: Vec<LstmWeights>,
    first: impl Fn(Tensor<2>) -> T,
    two: impl Fn(Tensor<2>) -> T,
    one: impl Fn(Tensor<1>) -> T,
) -> impl Iterator<Item = T> {
    let four = move |w: LstmWeights| [two(w.input), two(w.hidden), one(w.input_bias), one(w.hidden_bias)];
    std::iter::once(first(input)).chain(directions.into_iter().flat_map(four))
}

/// The order in which LibTorch packs sequences.
struct Packing {
    order: Tch,
    back: Tch,
    /// On the CPU, for any device of the sequences.
    sizes: Tch,
}

impl Packing {
    fn new(lengths: &[usize], device: tch::Device) -> Self {
        let steps = Steps::new(lengths, false);
        let tensor = |numbers: Vec<usize>| Tch::from_slice(&numbers.into_iter().map(|x| x as i64).collect::<Vec<_>>());
        let on_device = |rows| tensor(rows).to_device(device);
        Packing { order: on_device(steps.order), back: on_device(steps.back), sizes: tensor(steps.sizes) }
    }

    fn forward(&self, inputs: &[Tch], train: bool) -> Tch {
        let [input, parameters @ ..] = inputs else { unreachable!("`inputs` begins with the input") };
        let (batch, directions) = (self.sizes.int64_value(&[0]), parameters.len() as i64 / 4);
        let zeros = || Tch::zeros([directions, batch, parameters[1].size()[1]], (Kind::Float, input.device()));
        let packed = input.index_select(0, &self.order);
        let start = [zeros(), zeros()];
        let output = Tch::lstm_data(&packed, &self.sizes, &start, parameters, true, 1, 0.0, train, directions == 2).0;
        output.index_select(0, &self.back)
    }
}
