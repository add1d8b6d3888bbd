//! body + head → logits; loss.

use bert::{Encoded, Encoder, FAMILIES, NamedTensor, PassOptions};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, activation};

use crate::embeddings::Table;
use crate::heads::{Features, Head};
use crate::{Assembled, Batch, names};

/// A text classifier: a truncated encoder, or a table of embeddings, with a head on top.
#[derive(Module, Debug)]
pub struct Model {
    pub(crate) body: Body,
    pub(crate) head: Head,
    #[module(skip)]
    pub(crate) pass: PassOptions,
    /// Minimum number of rows of every sequence; 0 means no padding.
    #[module(skip)]
    pub(crate) least_positions: usize,
}

/// The layers below the head.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a model has one body, and moves it seldom")]
pub enum Body {
    /// BERT's embedding layer and the kept blocks.
    Bert(Encoder),
    /// The classifier's own table of embeddings.
    Table(Table),
}

/// A parameter with a vector for each word.
#[derive(Debug, Clone)]
pub struct WordTable {
    /// Its path in the model.
    pub path: &'static str,
    /// `[V, H]`
    pub table: Tensor<2>,
    /// The padding id, whose vector does not learn, if there is one.
    pub padding_idx: Option<u32>,
}

impl Model {
    /// Returns `[B, C]` logits, not normalised.
    pub fn forward(&self, batch: &Batch) -> Tensor<2> {
        let encoded = self.body.forward(batch, self.pass);
        self.head.forward(Features { encoded, layout: batch.layout.clone() })
    }

    /// As [`Model::forward`]; also returns the input of each kept block, `[R, H]` each.
    pub fn forward_with_hidden_states(&self, batch: &Batch) -> (Vec<Tensor<2>>, Tensor<2>) {
        let encoded = self.body.forward(batch, PassOptions { keep_hidden_states: true, ..self.pass });
        let hidden_states = encoded.hidden_states.clone();
        (hidden_states, self.head.forward(Features { encoded, layout: batch.layout.clone() }))
    }

    /// The encoder, unless the model has its own embeddings.
    pub fn encoder(&self) -> Option<&Encoder> {
        match &self.body {
            Body::Bert(encoder) => Some(encoder),
            Body::Table(_) => None,
        }
    }

    /// Concatenate `sequences` as this model needs them.
    pub fn batch(&self, sequences: &[&[u32]], pad_token_id: u32, device: &Device) -> Batch {
        let assembled = Assembled::new(sequences, pad_token_id, self.least_positions);
        assembled.counted_without(self.uncounted_id()).looked_through_for(self.padding_idx()).on(device)
    }

    /// The id of the tokens that the encoder does not count, if there is one.
    pub fn uncounted_id(&self) -> Option<u32> {
        self.encoder()?.embeddings().uncounted_id()
    }

    /// The encoder's padding id, whose word vector does not learn.
    pub fn padding_idx(&self) -> Option<u32> {
        Some(self.encoder()?.embeddings().padding_idx())
    }

    /// Minimum number of rows of every sequence.
    pub fn least_positions(&self) -> usize {
        self.least_positions
    }

    /// The table of word vectors, unless it is frozen.
    pub fn word_table(&self) -> Option<WordTable> {
        match &self.body {
            Body::Bert(_) if self.pass.frozen_layers > 0 => None,
            Body::Bert(encoder) => {
                let embeddings = encoder.embeddings();
                let padding_idx = Some(embeddings.padding_idx());
                Some(WordTable { path: names::ENCODER_WORDS, table: embeddings.word_table(), padding_idx })
            }
            Body::Table(table) => {
                Some(WordTable { path: names::TABLE_WORDS, table: table.word_table(), padding_idx: None })
            }
        }
    }

    /// The same model, whose first `layers` get no gradient; the embedding layer counts as the first.
    pub fn frozen(mut self, layers: usize) -> Self {
        self.pass.frozen_layers = layers;
        self
    }

    /// Every parameter under its saved name: `bert.…` with blocks numbered from 0, the head's names as in PyTorch.
    pub fn stored(&self) -> Vec<NamedTensor> {
        let family = self.encoder().map_or(FAMILIES[0], Encoder::family);
        bert::named_tensors(self, |path| names::saved(path, family))
    }
}

impl Body {
    fn forward(&self, batch: &Batch, pass: PassOptions) -> Encoded {
        let Batch { words, positions, layout, .. } = batch;
        let pass = PassOptions { holds_padding: batch.holds_padding, ..pass };
        match self {
            Body::Bert(encoder) => encoder.forward(words.clone(), positions.clone(), layout, pass),
            Body::Table(table) => Encoded { hidden_states: vec![table.forward(words.clone())], pooled: None },
        }
    }
}

/// Mean cross entropy in nats.
///
/// # Shapes
/// - `logits`: `[B, C]`
/// - `labels`: `[B]`
///
/// Returns `[1]`.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    log_likelihoods(logits, labels).mean().neg()
}

/// Cross entropy in nats, the mean over the weights of the examples, Σ w·l / Σ w, as that of
/// `torch.nn.CrossEntropyLoss(weight=…)`.
///
/// # Shapes
/// - `logits`: `[B, C]`
/// - `labels`: `[B]`
/// - `weights`: `[B]`, the weight of each example's class
///
/// Returns `[1]`.
pub fn weighted_cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, weights: Tensor<1>) -> Tensor<1> {
    let sum = weights.clone().sum();
    (log_likelihoods(logits, labels) * weights.unsqueeze_dim(1)).sum().neg() / sum
}

/// `[B, 1]` the logarithm of the probability of each label.
fn log_likelihoods(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<2> {
    activation::log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1))
}
