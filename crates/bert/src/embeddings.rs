//! Word + position + token-type embeddings, and their LayerNorm.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, module::embedding};

use crate::encoder::Pass;
use crate::layers::empty;
use crate::{Config, LayerNorm};

/// The encoder's first layer. All tokens are of type 0: a review is one sentence to BERT.
#[derive(Module, Debug)]
pub struct Embeddings {
    word: Param<Tensor<2>>,
    position: Param<Tensor<2>>,
    token_type: Param<Tensor<2>>,
    norm: LayerNorm,
    #[module(skip)]
    layer_norm_eps: f64,
    #[module(skip)]
    pad_token_id: u32,
}

/// The words in the rows of a batch.
#[derive(Debug, Clone)]
pub enum Words {
    /// `[R]` ids below V.
    Ids(Tensor<1, Int>),
    /// `[R, H]`: what the word table says of them, looked up by somebody who takes the gradient, too.
    Vectors(Tensor<2>),
}

impl From<Tensor<1, Int>> for Words {
    fn from(input_ids: Tensor<1, Int>) -> Self {
        Words::Ids(input_ids)
    }
}

impl Embeddings {
    /// Tables whose numbers are still to be filled in.
    pub fn new(config: &Config, device: &Device) -> Self {
        let h = config.hidden_size;
        Embeddings {
            word: empty([config.vocab_size, h], device),
            position: empty([config.max_position_embeddings, h], device),
            token_type: empty([config.type_vocab_size, h], device),
            norm: LayerNorm::new(h, device),
            layer_norm_eps: config.layer_norm_eps,
            pad_token_id: config.pad_token_id,
        }
    }

    /// # Shapes
    /// - `words`: those of R rows
    /// - `positions`: `[R]`, where each token stands in its sequence
    ///
    /// Returns `[R, H]`.
    pub fn forward(&self, words: Words, positions: Tensor<1, Int>, pass: Pass) -> Tensor<2> {
        let word = match words {
            Words::Ids(input_ids) => self.word_vectors(input_ids, pass),
            Words::Vectors(vectors) => vectors,
        };
        let token_type = self.token_type.val().narrow(0, 0, 1); // [1, H]
        let beside_word = lookup(self.position.val() + token_type, positions);
        let normed = self.norm.forward(word + beside_word, self.layer_norm_eps);
        fused::plain::dropout(normed, pass.dropout)
    }

    /// `[V, H]`: the vector of each word.
    pub fn word_table(&self) -> Tensor<2> {
        self.word.val()
    }

    /// The word, if any, whose vector learns nothing.
    pub fn padding_idx(&self, pass: Pass) -> Option<u32> {
        pass.padding_is_read.then_some(self.pad_token_id)
    }

    fn word_vectors(&self, input_ids: Tensor<1, Int>, pass: Pass) -> Tensor<2> {
        let word = lookup(self.word.val(), input_ids.clone());
        if !pass.padding_is_read {
            return word;
        }
        let learns = input_ids.not_equal_elem(self.pad_token_id as i32).float().unsqueeze_dim::<2>(1); // [R, 1]
        word.clone() * learns.clone() + word.detach() * (learns.neg() + 1.0)
    }
}

/// The rows of a table: `[rows, H]` and `[R]` to `[R, H]`.
pub fn lookup(table: Tensor<2>, indices: Tensor<1, Int>) -> Tensor<2> {
    embedding(table, indices.unsqueeze::<2>()).squeeze_dim(0)
}
