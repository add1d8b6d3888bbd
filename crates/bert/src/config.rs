//! Hugging Face `config.json`.

use std::path::Path;

use basics::{MOST_BLOCKS, regular};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Error;

/// `model_type` of a saved classifier that has embeddings of its own and nothing of a BERT.
pub const EMBEDDINGS_ALONE: &str = "fathom-embeddings";

/// The numbers that shape a BERT; the rest of the file is kept as it is in `other`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Must be `bert`, or [`EMBEDDINGS_ALONE`].
    pub model_type: String,
    /// V
    pub vocab_size: usize,
    /// H
    pub hidden_size: usize,
    /// Blocks in the folder's weights.
    pub num_hidden_layers: usize,
    /// N, which divides H.
    pub num_attention_heads: usize,
    /// I
    pub intermediate_size: usize,
    /// Must be `gelu`, the exact one.
    pub hidden_act: String,
    /// P at most.
    pub max_position_embeddings: usize,
    /// Rows of the token-type table.
    pub type_vocab_size: usize,
    /// Added to the variance in LayerNorm.
    pub layer_norm_eps: f64,
    /// Standard deviation of weights that are drawn, not loaded.
    #[serde(default = "fiftieth")]
    pub initializer_range: f64,
    /// The id that fills batches.
    #[serde(default)]
    pub pad_token_id: u32,
    /// What else the file says.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn fiftieth() -> f64 {
    0.02
}

/// More than these is no model, but a file that is wrong or made to fill memory.
const MOST: usize = 100_000;
const MOST_WORDS: usize = 10_000_000;

impl Config {
    /// Read and check `config.json` in a model folder.
    ///
    /// # Errors
    /// The file is missing, is not JSON, or describes a model that is no BERT.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config.json");
        let text = regular(&path).and_then(std::fs::read_to_string).map_err(|e| Error::io("reading", &path, e))?;
        let value: Value = serde_json::from_str(&text).map_err(|e| Error::file(&path, e.to_string()))?;
        if let Some(kind) =
            value.get("model_type").and_then(Value::as_str).filter(|kind| !["bert", EMBEDDINGS_ALONE].contains(kind))
        {
            return Err(Error::file(&path, format!("model_type `{kind}`, but only `bert` can be cut here")));
        }
        let config: Config = serde_json::from_value(value).map_err(|e| Error::file(&path, e.to_string()))?;
        config.check().map_err(|message| Error::file(&path, message))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let Config { hidden_size: h, num_attention_heads: n, .. } = self;
        for (name, size, most) in [
            ("vocab_size", self.vocab_size, MOST_WORDS),
            ("hidden_size", *h, MOST),
            ("num_attention_heads", *n, MOST),
            ("intermediate_size", self.intermediate_size, MOST),
            ("max_position_embeddings", self.max_position_embeddings, MOST),
            ("type_vocab_size", self.type_vocab_size, MOST),
            ("num_hidden_layers", self.num_hidden_layers.saturating_add(1), MOST_BLOCKS + 1), // a model may have none
        ] {
            if !(1..=most).contains(&size) {
                return Err(format!("`{name}` is beyond what a BERT may have"));
            }
        }
        if *n == 0 || *h == 0 || h % n != 0 {
            return Err(format!("hidden_size {h} is not a multiple of num_attention_heads {n}"));
        }
        let is_number = |number: f64| number.is_finite() && number >= 0.0;
        if !is_number(self.layer_norm_eps) || !is_number(self.initializer_range) {
            return Err("`layer_norm_eps` and `initializer_range` must be 0 or above".to_owned());
        }
        if self.hidden_act != "gelu" {
            return Err(format!("hidden_act `{}`, but only `gelu` is computed here", self.hidden_act));
        }
        match self.other.get("position_embedding_type").and_then(Value::as_str) {
            None | Some("absolute") => Ok(()),
            Some(other) => Err(format!("position_embedding_type `{other}`, but only `absolute` is computed here")),
        }
    }
}
