//! One LSTM layer in one call over packed sequences; the twin of `plain::lstm`.

use burn::tensor::Tensor;
use tch::{Kind, Tensor as Tch};

use super::recorded::record;
use super::{from_plain, from_tracked, is_tracked, plain, tracked};
use crate::LstmWeights;

/// The order in which LibTorch packs sequences: longest first; none where all are of one length.
struct Packing {
    lengths: Tch,
    order: Tch,
    back: Tch,
}

/// One LSTM layer; see [`crate::lstm()`].
pub(crate) fn lstm(input: Tensor<3>, lengths: &[usize], directions: Vec<LstmWeights>) -> Tensor<3> {
    let is_tracked = is_tracked(&input);
    let positions = input.dims()[1];
    let device = plain(input.clone().without_autodiff()).device();
    let packing = lengths.iter().any(|&length| length < positions).then(|| Packing::new(lengths, device));
    let forward = |inputs: &[Tch]| forward(inputs, packing.as_ref(), is_tracked);
    if !is_tracked {
        let inputs: Vec<Tch> = inputs(input, directions, plain, plain, plain).collect();
        return from_plain(tch::no_grad(|| forward(&inputs)));
    }
    let inputs: Vec<_> = inputs(input, directions, tracked, tracked, tracked).collect();
    let inputs = match <[_; 5]>::try_from(inputs) {
        Ok(one_direction) => return from_tracked(record(one_direction, forward)),
        Err(inputs) => inputs,
    };
    match <[_; 9]>::try_from(inputs) {
        Ok(both_directions) => from_tracked(record(both_directions, forward)),
        Err(inputs) => unreachable!("a layer has one or two directions, four tensors each: {} inputs", inputs.len()),
    }
}

/// The input, then each direction's four tensors in PyTorch's order.
fn inputs<T>(
    input: Tensor<3>,
    directions: Vec<LstmWeights>,
    three: impl Fn(Tensor<3>) -> T,
    two: impl Fn(Tensor<2>) -> T,
    one: impl Fn(Tensor<1>) -> T,
) -> impl Iterator<Item = T> {
    let four = move |w: LstmWeights| [two(w.input), two(w.hidden), one(w.input_bias), one(w.hidden_bias)];
    std::iter::once(three(input)).chain(directions.into_iter().flat_map(four))
}

impl Packing {
    fn new(lengths: &[usize], device: tch::Device) -> Self {
        let mut order: Vec<i64> = (0..lengths.len() as i64).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(lengths[row as usize]));
        let mut back = vec![0_i64; order.len()];
        order.iter().enumerate().for_each(|(place, &row)| back[row as usize] = place as i64);
        let sorted: Vec<i64> = order.iter().map(|&row| lengths[row as usize] as i64).collect();
        let on_device = |indices: &[i64]| Tch::from_slice(indices).to_device(device);
        Packing { lengths: Tch::from_slice(&sorted), order: on_device(&order), back: on_device(&back) }
    }
}

fn forward(inputs: &[Tch], packing: Option<&Packing>, train: bool) -> Tch {
    let [input, parameters @ ..] = inputs else { unreachable!("`inputs` begins with the input") };
    let (batch, positions, directions) = (input.size()[0], input.size()[1], parameters.len() as i64 / 4);
    let hidden_size = parameters[1].size()[1];
    let zeros = || Tch::zeros([directions, batch, hidden_size], (Kind::Float, input.device()));
    let (start, both) = ([zeros(), zeros()], directions == 2);
    let Some(packing) = packing else {
        return input.lstm(&start, parameters, true, 1, 0.0, train, both, true).0;
    };
    let sorted = input.index_select(0, &packing.order);
    let (packed, batch_sizes) = sorted.internal_pack_padded_sequence(&packing.lengths, true);
    let output = Tch::lstm_data(&packed, &batch_sizes, &start, parameters, true, 1, 0.0, train, both).0;
    let (padded, _) = Tch::internal_pad_packed_sequence(&output, &batch_sizes, true, 0.0, positions);
    padded.index_select(0, &packing.back)
}
