//! What is known of the encoder before anything is trained.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use study::Data;
use tokens::TextTokenizer;

/// The most tokens in which lengths are counted.
const COUNTED_TOKENS: usize = 100_000;

/// BERT's bound on tokens, where the model's own is not known.
const POSITIONS: usize = 512;

/// The encoder's name, and its folder as far as it is there.
pub(crate) struct Encoder {
    pub(crate) name: String,
    /// Without a limit on the length.
    pub(crate) tokenizer: Option<TextTokenizer>,
    pub(crate) n_blocks: Option<usize>,
    pub(crate) hidden_size: Option<usize>,
    /// Tokens at most.
    pub(crate) positions: usize,
}

impl Encoder {
    /// Look into the folder `name` in `models`.
    ///
    /// # Errors
    /// The folder is there, but its `config.json` or tokenizer cannot be read.
    pub(crate) fn read(models: &Path, name: &str) -> Result<Self> {
        let folder = models.join(name);
        let path = folder.join("config.json");
        if !path.exists() {
            let name = name.to_owned();
            return Ok(Encoder { name, tokenizer: None, n_blocks: None, hidden_size: None, positions: POSITIONS });
        }
        let bytes = std::fs::read(&path).with_context(|| format!("reading `{}`", path.display()))?;
        let config: Value = serde_json::from_slice(&bytes).with_context(|| format!("`{}`", path.display()))?;
        let data = Data { tokenizer: name.to_owned(), max_seq_length: COUNTED_TOKENS, ..Data::default() };
        Ok(Encoder {
            tokenizer: Some(TextTokenizer::load(&folder, &data)?),
            n_blocks: number(&config, ["num_hidden_layers", "n_layers"]),
            hidden_size: number(&config, ["hidden_size", "dim"]),
            positions: positions(&config),
            name: name.to_owned(),
        })
    }
}

/// A size under BERT's name, or under DistilBERT's.
fn number(config: &Value, names: [&str; 2]) -> Option<usize> {
    names.iter().find_map(|name| config.get(*name)?.as_u64()).and_then(|number| usize::try_from(number).ok())
}

/// RoBERTa and its descendants begin to count behind the padding id, which is 1.
fn positions(config: &Value) -> usize {
    let skips = config["model_type"].as_str().is_some_and(|family| family.contains("roberta") || family == "camembert");
    let all = number(config, ["max_position_embeddings"; 2]).unwrap_or(POSITIONS);
    all.saturating_sub(if skips { 2 } else { 0 }).max(3)
}
