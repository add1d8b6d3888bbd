//! The common part of the two LSTM heads: LSTM layers over a sequence, a read-out, dropout and a linear layer.

use bert::{Layout, Linear};
use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use fused::LstmWeights;
use fused::plain::rows_at;
use serde::{Deserialize, Serialize};

use super::{Draws, Needs, Sizes};

/// Upper bound on layers.
const MOST_LAYERS: usize = 16;
const MOST_HIDDEN: usize = 8192;

/// The LSTM's options; the defaults are those of the source study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// LSTM layers, stacked.
    pub layers: usize,
    /// Whether each layer also runs from the last token to the first.
    pub bidirectional: bool,
    /// L, per direction.
    pub hidden_size: usize,
    /// The states that the classifier reads.
    pub read_out: ReadOut,
}

impl Default for Options {
    fn default() -> Self {
        Options { layers: 1, bidirectional: true, hidden_size: 128, read_out: ReadOut::Ends }
    }
}

/// The states of the top layer that the classifier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadOut {
    /// The forward state at the last real token and the backward state at the first: each has seen the whole text.
    #[default]
    Ends,
    /// Both states at the first padding position (the last position of a text at the limit), with the LSTM running over
    /// the padding, as in the source study: the backward state has then seen padding only.
    FirstPadding,
}

impl Options {
    /// # Errors
    /// A size is out of range.
    pub(super) fn check(&self) -> Result<(), String> {
        let within = |name, value: usize, most: usize| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(format!("`{name}` must be from 1 to {most}")),
        };
        within("layers", self.layers, MOST_LAYERS)?;
        within("hidden_size", self.hidden_size, MOST_HIDDEN)
    }

    pub(super) fn needs(&self) -> Needs {
        Needs { full_length: self.read_out == ReadOut::FirstPadding, recurrent: true, ..Needs::default() }
    }
}

/// LSTM layers with a classifier on the selected states.
#[derive(Module, Debug)]
pub struct Recurrent {
    lstm: Lstm,
    dropout: Dropout,
    classifier: Linear,
    #[module(skip)]
    read_out: ReadOut,
}

#[derive(Module, Debug)]
struct Lstm {
    layers: Vec<Layer>,
}

#[derive(Module, Debug)]
struct Layer {
    forward: Direction,
    reverse: Option<Direction>,
}

/// Named and laid out as PyTorch's `nn.LSTM`.
#[derive(Module, Debug)]
struct Direction {
    weight_ih: Param<Tensor<2>>,
    weight_hh: Param<Tensor<2>>,
    bias_ih: Param<Tensor<1>>,
    bias_hh: Param<Tensor<1>>,
}

impl Recurrent {
    /// A head over vectors of size `inputs`.
    pub(super) fn new(options: &Options, inputs: usize, sizes: Sizes, draws: &Draws<'_>) -> Self {
        let width = options.hidden_size * if options.bidirectional { 2 } else { 1 };
        let layers = draws.part("lstm").part("layers");
        let layer = |index: usize| {
            Layer::new(options, if index == 0 { inputs } else { width }, &layers.part(&index.to_string()))
        };
        Recurrent {
            lstm: Lstm { layers: (0..options.layers).map(layer).collect() },
            dropout: DropoutConfig::new(sizes.dropout).init(),
            classifier: draws.linear("classifier", width, sizes.classes),
            read_out: options.read_out,
        }
    }

    /// # Shapes
    /// - `x`: `[R, inputs]`, the sequences of `layout` one after the other; the LSTM runs over all rows of each
    ///
    /// Returns `[B, C]`.
    pub(super) fn forward(&self, x: Tensor<2>, layout: &Layout) -> Tensor<2> {
        let output = self.lstm.forward(x, &layout.row_counts()); // [R, directions·L]
        let read = match self.read_out {
            ReadOut::Ends => self.ends(output, layout),
            ReadOut::FirstPadding => rows_at(output, &first_paddings(layout)),
        };
        self.classifier.forward(self.dropout.forward(read))
    }

    fn ends(&self, output: Tensor<2>, layout: &Layout) -> Tensor<2> {
        let last: Vec<usize> = layout.sequences().iter().map(|sequence| sequence.rows.end - 1).collect();
        let last = rows_at(output.clone(), &last);
        if self.lstm.layers.iter().all(|layer| layer.reverse.is_none()) {
            return last;
        }
        let [b, width] = last.dims();
        let first = rows_at(output, &layout.starts());
        let (forward, backward) = (last.slice([0..b, 0..width / 2]), first.slice([0..b, width / 2..width]));
        Tensor::cat(vec![forward, backward], 1)
    }
}

/// The row after each sequence's last token, or its last row if there is none.
fn first_paddings(layout: &Layout) -> Vec<usize> {
    layout.sequences().iter().map(|s| (s.rows.start + s.tokens).min(s.rows.end - 1)).collect()
}

impl Lstm {
    fn forward(&self, x: Tensor<2>, lengths: &[usize]) -> Tensor<2> {
        self.layers.iter().fold(x, |below, layer| fused::lstm(below, lengths, layer.weights()))
    }
}

impl Layer {
    fn new(options: &Options, inputs: usize, draws: &Draws<'_>) -> Self {
        let direction = |name| Direction::new(inputs, options.hidden_size, &draws.part(name));
        Layer { forward: direction("forward"), reverse: options.bidirectional.then(|| direction("reverse")) }
    }

    fn weights(&self) -> Vec<LstmWeights> {
        std::iter::once(&self.forward).chain(&self.reverse).map(Direction::weights).collect()
    }
}

impl Direction {
    /// Uniform between ±1/√L, as PyTorch's.
    fn new(inputs: usize, hidden_size: usize, draws: &Draws<'_>) -> Self {
        let gates = 4 * hidden_size;
        Direction {
            weight_ih: draws.uniform("weight_ih", [gates, inputs], hidden_size),
            weight_hh: draws.uniform("weight_hh", [gates, hidden_size], hidden_size),
            bias_ih: draws.uniform("bias_ih", [gates], hidden_size),
            bias_hh: draws.uniform("bias_hh", [gates], hidden_size),
        }
    }

    fn weights(&self) -> LstmWeights {
        LstmWeights {
            input: self.weight_ih.val(),
            hidden: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            hidden_bias: self.bias_hh.val(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Draws};
    use bert::{Random, named_tensors};
    use burn::tensor::Device;

    #[test]
    fn a_direction_is_bounded_by_its_hidden_size() {
        let device = Device::flex();
        let draws = Draws::new(Random { seed: 1, standard_deviation: 0.02 }, &device);
        for tensor in named_tensors(&Direction::new(400, 16, &draws), str::to_owned) {
            let largest = tensor.data.iter::<f32>().fold(0.0, |largest: f32, x| largest.max(x.abs()));
            assert!((0.2..=0.25).contains(&largest), "{}: {largest}", tensor.name);
        }
    }
}
