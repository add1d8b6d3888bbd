//! An LSTM layer on a processor with AVX-512. One call to LibTorch computes the products with the input for all rows
//! and both directions; our own kernels compute the recurrence, step by step.
//!
//! As PyTorch's `nn.LSTM`: with `[i, f, g, o] = W_ih·x + b_ih + W_hh·h₋₁ + b_hh`,
//! c = σ(f)·c₋₁ + σ(i)·tanh(g) and h = σ(o)·tanh(c).

mod backward;
mod forward;
mod operation;
mod sequences;
mod tile;
mod vector;

use tch::{Device, Kind, Tensor};

use self::sequences::{Columns, Group};
use self::tile::Packed;
use super::memory::{Numbers, parallel};

use crate::kernels::Kernels;

pub(crate) use operation::record;

/// Whether this processor supports the kernels.
fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
}

/// Whether this processor supports the kernels, and they are on.
pub(crate) fn are_ready() -> bool {
    Kernels::Lstm.are_on() && is_supported()
}

/// Whether the kernels support a layer with this input and hidden states of size `l`.
pub(crate) fn serves(input: &Tensor, l: usize) -> bool {
    are_ready()
        && input.device() == Device::Cpu
        && input.kind() == Kind::Float
        && l > 0
        && l.is_multiple_of(vector::LANES)
}

/// A layer's results, and the data for its gradient.
#[derive(Debug)]
pub(crate) struct Computed {
    /// `[R, D·L]`
    pub(crate) output: Tensor,
    /// `[R, D·L]`
    cells: Tensor,
    /// `[R, D·4·L]`
    gates: Tensor,
    /// `[D·4·L, in]`
    to_input: Tensor,
}

/// A layer's inputs in the order of [`crate::libtorch::lstm`]: `[R, in]`, then four for each direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) tensors: &'a [Tensor],
    pub(crate) lengths: &'a [usize],
}

/// Gradients in the order of [`Inputs::tensors`]; that of the input only on request.
pub(crate) type Gradients = Vec<Option<Tensor>>;

impl Inputs<'_> {
    fn x(&self) -> &Tensor {
        &self.tensors[0]
    }

    /// One kind of parameter of all directions: 0 and 1 the weights of input and hidden state, 2 and 3 the biases.
    fn parameters(&self, kind: usize) -> Vec<&Tensor> {
        self.tensors[1..].iter().skip(kind).step_by(4).collect()
    }

    fn directions(&self) -> usize {
        self.tensors.len() / 4
    }

    /// L.
    fn hidden_size(&self) -> usize {
        self.parameters(1)[0].size()[1] as usize
    }

    fn groups(&self) -> Vec<Group> {
        Group::all(self.lengths, self.directions(), tch::get_num_threads() as usize)
    }

    fn columns<'t>(&self, tensor: &'t Tensor, gates: usize, direction: usize) -> Columns<'t> {
        let (width, directions) = (gates * self.hidden_size(), self.directions());
        Columns { numbers: Numbers::of(tensor), width, directions, direction }
    }

    /// The weights of the hidden state, packed for each direction.
    fn packed(&self, pack: fn(&Tensor) -> Packed) -> Vec<Packed> {
        self.parameters(1).into_iter().map(|weights| pack(&weights.contiguous())).collect()
    }
}

/// The layer's output.
pub(crate) fn forward(on: Inputs<'_>) -> Computed {
    let to_input = Tensor::cat(&on.parameters(0), 0); // [D·4·L, in]
    let gates = on.x().mm(&to_input.tr()); // [R, D·4·L]
    let empty =
        || Tensor::empty([on.x().size()[0], (on.directions() * on.hidden_size()) as i64], (Kind::Float, Device::Cpu));
    let computed = Computed { output: empty(), cells: empty(), gates, to_input };
    recur_forwards(on, &computed);
    computed
}

#[expect(unsafe_code, reason = "kernels of several threads on one tensor")]
fn recur_forwards(on: Inputs<'_>, computed: &Computed) {
    assert!(is_supported(), "callers check the processor");
    let biases = Tensor::cat(&on.parameters(2), 0) + Tensor::cat(&on.parameters(3), 0);
    let direction = |(direction, weights)| forward::Forward {
        biases: on.columns(&biases, 4, direction),
        gates: on.columns(&computed.gates, 4, direction),
        cells: on.columns(&computed.cells, 1, direction),
        hidden: on.columns(&computed.output, 1, direction),
        weights,
    };
    let directions: Vec<_> = on.packed(Packed::to_gates).into_iter().enumerate().map(direction).collect();
    let groups = on.groups();
    parallel(groups.len(), 1, |range| {
        for group in &groups[range] {
            // SAFETY: the processor was checked, and each row of each direction belongs to one group.
            unsafe { directions[group.direction].run(group) }
        }
    });
}

/// The gradients of a layer's inputs from that of its output. Consumes the computed results.
pub(crate) fn backward(on: Inputs<'_>, computed: Computed, flowing: &Tensor, wants_input: bool) -> Gradients {
    recur_backwards(on, &computed, &flowing.contiguous());
    let Computed { output, gates, to_input, .. } = computed; // `gates` are now the gradients before the gates
    let to_weights = gates.tr().mm(on.x()); // [D·4·L, in]
    let to_bias = gates.sum_dim_intlist([0_i64].as_slice(), false, None::<Kind>);
    let l = on.hidden_size() as i64;
    let of = |direction: usize| {
        let d = direction as i64;
        let gates_of = gates.narrow(1, d * 4 * l, 4 * l);
        let to_hidden = || to_hidden(&gates_of, &output.narrow(1, d * l, l), on.lengths, direction == 1);
        let bias = || to_bias.narrow(0, d * 4 * l, 4 * l).copy();
        [to_weights.narrow(0, d * 4 * l, 4 * l), to_hidden(), bias(), bias()]
    };
    let input = wants_input.then(|| gates.mm(&to_input)); // [R, in], the sum over both directions
    std::iter::once(input).chain((0..on.directions()).flat_map(of).map(Some)).collect()
}

#[expect(unsafe_code, reason = "kernels of several threads on one tensor")]
fn recur_backwards(on: Inputs<'_>, computed: &Computed, flowing: &Tensor) {
    assert!(is_supported(), "callers check the processor");
    let direction = |(direction, weights)| backward::Backward {
        gates: on.columns(&computed.gates, 4, direction),
        cells: on.columns(&computed.cells, 1, direction),
        flowing: on.columns(flowing, 1, direction),
        weights,
    };
    let directions: Vec<_> = on.packed(Packed::to_hidden).into_iter().enumerate().map(direction).collect();
    let groups = on.groups();
    parallel(groups.len(), 1, |range| {
        for group in &groups[range] {
            // SAFETY: the processor was checked, and each row of each direction belongs to one group.
            unsafe { directions[group.direction].run(group) }
        }
    });
}

/// The gradient of the hidden state's weights, `[4·L, L]`: the sum over all rows of the gates' gradient times the
/// hidden state one step before. That state is one row before (after, if `backwards`), except at the first step of a
/// sequence: the contribution of the neighbouring sequence is subtracted there.
fn to_hidden(gates: &Tensor, hidden: &Tensor, lengths: &[usize], backwards: bool) -> Tensor {
    let rows = gates.size()[0];
    let starts = lengths.iter().filter(|&&length| length > 0).scan(0, |end, &length| {
        *end += length as i64;
        Some(*end)
    });
    let starts: Vec<i64> = starts.filter(|&start| start < rows).collect();
    let (late, early) = (Tensor::from_slice(&starts), Tensor::from_slice(&starts) - 1);
    let (of_gates, of_hidden, step, before) = if backwards { (early, late, 0, 1) } else { (late, early, 1, 0) };
    let product = gates.narrow(0, step, rows - 1).tr().mm(&hidden.narrow(0, before, rows - 1));
    product - gates.index_select(0, &of_gates).tr().mm(&hidden.index_select(0, &of_hidden))
}
