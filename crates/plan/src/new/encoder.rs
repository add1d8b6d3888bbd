//! What is known of the encoder before anything is trained.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use study::{Data, EMBEDDED_MODEL, KNOWN_MODELS, is_id, nearest};
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
            positions: tokens::positions(&config).unwrap_or(POSITIONS).max(3),
            name: name.to_owned(),
        })
    }
}

/// A size under BERT's name, or under DistilBERT's.
fn number(config: &Value, names: [&str; 2]) -> Option<usize> {
    names.iter().find_map(|name| config.get(*name)?.as_u64()).and_then(|number| usize::try_from(number).ok())
}

/// Check that `name` is that of a folder in `models`, or, where make brings the models, of one that it can fetch.
///
/// # Errors
/// It is neither; the message has the near name.
pub(super) fn check(name: &str, models: &Path, is_brought: bool) -> Result<()> {
    if let Some((_, model)) = name.split_once('/').filter(|(owner, model)| is_id(owner) && is_id(model)) {
        let fetch = format!("fetch model {name} --out {}", models.display());
        bail!("--encoder `{name}`: a study names a model's folder; run `{fetch}`, then give `--encoder {model}`");
    }
    ensure!(is_id(name), "--encoder `{name}`: name a model's folder, without a path");
    let config = models.join(name).join("config.json");
    let mut known = KNOWN_MODELS.map(|(name, _)| name.to_owned()).to_vec();
    known.push(EMBEDDED_MODEL.to_owned());
    let is_known = known.iter().any(|known| known == name);
    if config.exists() || (is_brought && is_known) {
        return Ok(());
    }
    let entries = std::fs::read_dir(models).into_iter().flatten().flatten();
    known.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()));
    let meant = nearest(name, known.iter().map(String::as_str)).filter(|_| !is_known);
    let meant = meant.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let remedy = match is_brought {
        true => format!("run `fetch model OWNER/{name} --out {}` first", models.display()),
        false => "`--models` (MODELS_DIR) names the folder that holds the model's folder".to_owned(),
    };
    bail!("--encoder `{name}`: no `{}`; {remedy}{meant}", config.display());
}
