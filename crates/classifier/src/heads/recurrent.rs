//! What the two LSTM heads share: LSTM layers over a sequence, a read-out, dropout and a linear layer.

use bert::{Linear, empty};
use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use fused::LstmWeights;
use serde::{Deserialize, Serialize};

use super::{Needs, Sizes};

/// More than this is a slip, not a model.
const MOST_LAYERS: usize = 16;
const MOST_HIDDEN: usize = 8192;

/// The LSTM's options; the defaults are the study's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// LSTM layers, one on top of the other.
    pub layers: usize,
    /// Whether each layer also runs from the end to the beginning.
    pub bidirectional: bool,
    /// L, per direction.
    pub hidden_size: usize,
    /// Which states the classifier reads.
    pub read_out: ReadOut,
}

impl Default for Options {
    fn default() -> Self {
        Options { layers: 1, bidirectional: true, hidden_size: 128, read_out: ReadOut::Ends }
    }
}

/// Which of the top layer's states the classifier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadOut {
    /// The forward state at the last real token, the backward state at the first: each has seen the whole text.
    #[default]
    Ends,
    /// Both states at the first padding position (the last position of a text that fills the limit), with the
    /// LSTM running over the padding, as the source did: the backward state has then seen padding only.
    FirstPadding,
}

impl Options {
    /// # Errors
    /// A size that is 0 or beyond reason.
    pub(super) fn check(&self) -> Result<(), String> {
        let within = |name, value: usize, most: usize| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(format!("`{name}` must be from 1 to {most}")),
        };
        within("layers", self.layers, MOST_LAYERS)?;
        within("hidden_size", self.hidden_size, MOST_HIDDEN)
    }

    pub(super) fn needs(&self) -> Needs {
        Needs { full_length: self.read_out == ReadOut::FirstPadding, ..Needs::default() }
    }
}

/// LSTM layers with a classifier on the states that are read out.
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
    /// A head over vectors of size `inputs`, whose numbers are still to be filled in.
    pub(super) fn new(options: &Options, inputs: usize, sizes: Sizes, device: &Device) -> Self {
        let width = options.hidden_size * if options.bidirectional { 2 } else { 1 };
        let layer = |index| Layer::new(options, if index == 0 { inputs } else { width }, device);
        Recurrent {
            lstm: Lstm { layers: (0..options.layers).map(layer).collect() },
            dropout: DropoutConfig::new(sizes.dropout).init(),
            classifier: Linear::new(width, sizes.classes, device),
            read_out: options.read_out,
        }
    }

    /// # Shapes
    /// - `sequence`: `[B, P, inputs]`
    /// - `lengths`: `[B]`, real tokens
    ///
    /// Returns `[B, C]`.
    pub(super) fn forward(&self, sequence: Tensor<3>, lengths: &[usize]) -> Tensor<2> {
        let positions = sequence.dims()[1];
        let read = match self.read_out {
            ReadOut::Ends => self.ends(self.lstm.forward(sequence, lengths), lengths),
            ReadOut::FirstPadding => {
                let output = self.lstm.forward(sequence, &vec![positions; lengths.len()]);
                rows(output, lengths.iter().map(|&length| length.min(positions - 1)))
            }
        };
        self.classifier.forward(self.dropout.forward(read))
    }

    fn ends(&self, output: Tensor<3>, lengths: &[usize]) -> Tensor<2> {
        let last = rows(output.clone(), lengths.iter().map(|&length| length - 1));
        if self.lstm.layers.iter().all(|layer| layer.reverse.is_none()) {
            return last;
        }
        let [b, width] = last.dims();
        let first = rows(output, lengths.iter().map(|_| 0));
        let (forward, backward) = (last.slice([0..b, 0..width / 2]), first.slice([0..b, width / 2..width]));
        Tensor::cat(vec![forward, backward], 1)
    }
}

/// Of each example the state at one position: `[B, P, S]` to `[B, S]`.
fn rows(output: Tensor<3>, positions: impl Iterator<Item = usize>) -> Tensor<2> {
    let [b, p, width] = output.dims();
    let places: Vec<i64> = positions.enumerate().map(|(row, position)| (row * p + position) as i64).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [b]), &output.device());
    output.reshape([b * p, width]).select(0, places)
}

impl Lstm {
    fn forward(&self, sequence: Tensor<3>, lengths: &[usize]) -> Tensor<3> {
        self.layers.iter().fold(sequence, |below, layer| fused::lstm(below, lengths, layer.weights()))
    }
}

impl Layer {
    fn new(options: &Options, inputs: usize, device: &Device) -> Self {
        let direction = || Direction::new(inputs, options.hidden_size, device);
        Layer { forward: direction(), reverse: options.bidirectional.then(direction) }
    }

    fn weights(&self) -> Vec<LstmWeights> {
        std::iter::once(&self.forward).chain(&self.reverse).map(Direction::weights).collect()
    }
}

impl Direction {
    fn new(inputs: usize, hidden_size: usize, device: &Device) -> Self {
        let gates = 4 * hidden_size;
        Direction {
            weight_ih: empty([gates, inputs], device),
            weight_hh: empty([gates, hidden_size], device),
            bias_ih: empty([gates], device),
            bias_hh: empty([gates], device),
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
