//! The layer from token ids to vectors: the encoder's pretrained embeddings, or a table of the classifier's own.

use bert::{TokenInput, empty, lookup};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Upper bound on numbers per token.
const MOST: usize = 8192;

/// The embeddings in a study file: `{ kind = "table", size = 100 }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub enum EmbeddingsConfig {
    /// BERT's embedding layer: word + position + token type, LayerNorm.
    Pretrained {},
    /// A new table over the tokenizer's ids, initialised from a standard normal distribution as PyTorch's
    /// `nn.Embedding`; the encoder is not used.
    Table {
        /// Numbers per token.
        #[serde(default = "hundred")]
        size: usize,
    },
}

fn hundred() -> usize {
    100
}

impl EmbeddingsConfig {
    /// Read `{ kind, …options }`.
    ///
    /// # Errors
    /// An unknown kind or option, or a size of 0; the message lists what exists.
    pub fn from_value(value: Value) -> Result<Self, String> {
        match crate::component::from_value("embeddings", value)? {
            EmbeddingsConfig::Table { size } if !(1..=MOST).contains(&size) => {
                Err(format!("embeddings `table`: `size` must be from 1 to {MOST}"))
            }
            embeddings => Ok(embeddings),
        }
    }
}

/// A table with a vector for every token id.
#[derive(Module, Debug)]
pub struct Table {
    /// `[V, H]`
    weight: Param<Tensor<2>>,
}

impl Table {
    /// A table whose numbers are not filled in yet.
    pub fn new(vocab_size: usize, hidden_size: usize, device: &Device) -> Self {
        Table { weight: empty([vocab_size, hidden_size], device) }
    }

    /// Returns `[R, H]`.
    pub fn forward(&self, words: TokenInput) -> Tensor<2> {
        match words {
            TokenInput::Ids(input_ids) => lookup(self.weight.val(), input_ids),
            TokenInput::Vectors(vectors) => vectors,
        }
    }

    /// `[V, H]`: the vector of each word.
    pub fn word_table(&self) -> Tensor<2> {
        self.weight.val()
    }
}

#[cfg(test)]
mod tests {
    use super::EmbeddingsConfig;
    use serde_json::json;

    #[test]
    fn an_unknown_kind_or_option_lists_the_known_ones() {
        let read = EmbeddingsConfig::from_value;
        assert_eq!(read(json!({"kind": "table"})), Ok(EmbeddingsConfig::Table { size: 100 }));
        assert_eq!(read(json!({"kind": "pretrained"})), Ok(EmbeddingsConfig::Pretrained {}));
        assert!(read(json!({"kind": "tabel"})).unwrap_err().contains("expected `pretrained` or `table`"));
        assert!(read(json!({"kind": "table", "size": 0})).unwrap_err().contains("`size`"));
        assert!(read(json!({"kind": "pretrained", "size": 3})).unwrap_err().contains("unknown field `size`"));
    }
}
