//! Word + position + token-type embeddings, and their LayerNorm.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, module::embedding};

use crate::encoder::PassOptions;
use crate::layers::empty;
use crate::{Config, LayerNorm, Linear};

/// The encoder's first layer. All tokens have type 0: a review is one sentence to BERT. E is the size of a word's
/// vector; it equals H except in ELECTRA.
#[derive(Module, Debug)]
pub struct Embeddings {
    word: Param<Tensor<2>>,
    position: Param<Tensor<2>>,
    token_type: Option<Param<Tensor<2>>>,
    norm: LayerNorm,
    projection: Option<Linear>,
    #[module(skip)]
    layer_norm_eps: f64,
    #[module(skip)]
    pad_token_id: u32,
    #[module(skip)]
    first_position: usize,
}

/// The words of a batch's rows.
#[derive(Debug, Clone)]
pub enum TokenInput {
    /// `[R]` ids below V.
    Ids(Tensor<1, Int>),
    /// `[R, E]`: the vectors from the word table, looked up by code that also takes their gradient.
    Vectors(Tensor<2>),
}

impl From<Tensor<1, Int>> for TokenInput {
    fn from(input_ids: Tensor<1, Int>) -> Self {
        TokenInput::Ids(input_ids)
    }
}

impl Embeddings {
    /// Tables whose numbers are not filled in yet.
    pub fn new(config: &Config, device: &Device) -> Self {
        let (e, family) = (config.word_size(), config.family());
        Embeddings {
            word: empty([config.vocab_size, e], device),
            position: empty([config.max_position_embeddings + config.first_position(), e], device),
            token_type: family.has_token_types.then(|| empty([config.type_vocab_size, e], device)),
            norm: LayerNorm::new(e, device),
            projection: config.embedding_size.map(|_| Linear::new(e, config.hidden_size, device)),
            layer_norm_eps: config.layer_norm_eps,
            pad_token_id: config.pad_token_id,
            first_position: config.first_position(),
        }
    }

    /// # Shapes
    /// - `words`: the words of R rows
    /// - `positions`: `[R]`, the position of each token in its sequence; −1 is that of padding (see [`Embeddings::uncounted_id`])
    ///
    /// Returns `[R, H]`.
    pub fn forward(&self, words: TokenInput, positions: Tensor<1, Int>, pass: PassOptions) -> Tensor<2> {
        let beside_word = self.beside_word(positions);
        let word = match words {
            TokenInput::Ids(input_ids) => self.word_vectors(input_ids, pass),
            TokenInput::Vectors(vectors) => vectors,
        };
        let normed = self.norm.forward(word + beside_word, self.layer_norm_eps);
        let hidden = fused::plain::dropout(normed, pass.dropout);
        match &self.projection {
            Some(projection) => projection.forward(hidden),
            None => hidden,
        }
    }

    /// `[R, E]`: the vectors of the positions and of token type 0.
    fn beside_word(&self, positions: Tensor<1, Int>) -> Tensor<2> {
        let position = self.position.val();
        let table = match &self.token_type {
            Some(token_type) => position + token_type.val().narrow(0, 0, 1),
            None => position,
        };
        let rows = if self.first_position == 0 { positions } else { positions + self.first_position as i64 };
        lookup(table, rows)
    }

    /// The id of the tokens that have the position −1, that of padding, if there is one.
    pub fn uncounted_id(&self) -> Option<u32> {
        (self.first_position > 0).then_some(self.pad_token_id)
    }

    /// `[V, E]`: the vector of each word.
    pub fn word_table(&self) -> Tensor<2> {
        self.word.val()
    }

    /// The padding id, whose vector does not learn.
    pub fn padding_idx(&self) -> u32 {
        self.pad_token_id
    }

    fn word_vectors(&self, input_ids: Tensor<1, Int>, pass: PassOptions) -> Tensor<2> {
        let word = lookup(self.word.val(), input_ids.clone());
        if !pass.holds_padding {
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
