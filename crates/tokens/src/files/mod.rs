//! The files of a model folder's tokenizer, merged into one `tokenizer.json`.
//!
//! transformers builds a tokenizer from two files that may contradict each other: `tokenizer.json` holds a normalizer
//! and a pre-tokenizer, and `tokenizer_config.json` holds `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`
//! for BERT's classes, and `add_prefix_space` for byte-level BPE. In transformers 4.57 and 5 the second file wins, and a
//! missing key means its default (`do_lower_case` is on, `add_prefix_space` off). This module does the same, and warns
//! if the files differ; [`versions`] tells where 4.57 and 5 differ. In a folder that `train` wrote, only `tokenizer.json` counts, because the model was trained on
//! its ids.

mod settings;
mod written;

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use records::hash::sha256_hex;
use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use crate::tokenizer::{missing, remedy};
use crate::{added, normalizer, versions, vocabulary_file};
use settings::{BYTE_LEVEL_SETTINGS, SETTINGS, bert_class, given_token, is_byte_level, overridden};

pub(crate) use settings::special_token;

/// The tokenizer of a model folder.
pub struct TokenizerFiles {
    /// The file with the vocabulary: `tokenizer.json` or `vocab.txt`.
    pub path: PathBuf,
    /// `tokenizer.json` as it is used: the folder's bytes, unless another file changes or replaces it.
    pub json: Vec<u8>,
    /// Warnings for the user, such as a contradiction between two files.
    pub notice: Option<String>,
    settings: Value,
    /// The class of transformers that builds its normalizer from settings, if this tokenizer has such a class.
    class: Option<&'static str>,
}

impl TokenizerFiles {
    /// Read `tokenizer.json`, or `vocab.txt` if there is none, and `tokenizer_config.json` in `folder`; `name` is the
    /// model's name for remedies.
    ///
    /// # Errors
    /// Both files are missing, or a file is damaged.
    pub fn read(folder: &Path, name: &str) -> Result<Self> {
        let settings = settings::read(folder)?;
        let config = object(&folder.join("config.json"))?.unwrap_or_default();
        let class = bert_class(&settings, &config);
        let path = folder.join("tokenizer.json");
        match contents(&path) {
            Ok(json) => {
                let files = TokenizerFiles { path, json, notice: None, settings, class };
                if config.get("fathom").is_some() { Ok(files) } else { files.resolved(folder) }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => from_vocabulary(folder, settings, class, name, &error),
            Err(error) => Err(missing(&path, name, &error)),
        }
    }

    /// The tokenizer in memory, without padding and truncation.
    ///
    /// # Errors
    /// [`TokenizerFiles::json`] does not describe a tokenizer, or one that may lengthen a text without bound.
    pub(crate) fn tokenizer(&self, name: &str) -> Result<Tokenizer> {
        let unusable = |e| anyhow!("tokenizer `{}` cannot be used: {e}; {}", self.path.display(), remedy(name));
        let mut tokenizer = Tokenizer::from_bytes(&self.json).map_err(unusable)?;
        tokenizer.with_padding(None).with_truncation(None).map_err(unusable)?;
        normalizer::check(tokenizer.get_normalizer())
            .map_err(|what| anyhow!("tokenizer `{}` {what}", self.path.display()))?;
        Ok(tokenizer)
    }

    /// sha256 of [`TokenizerFiles::json`].
    pub fn sha256(&self) -> String {
        sha256_hex(&self.json)
    }

    /// What the padding token may be, the likeliest first.
    pub(crate) fn pads(&self) -> Vec<&str> {
        self.candidates("pad_token")
    }

    /// The special token in `tokenizer_config.json`, or else BERT's and RoBERTa's.
    fn candidates(&self, name: &str) -> Vec<&str> {
        match (given_token(&self.settings, name), name) {
            (Some(given), _) => vec![given],
            (None, "mask_token") => vec!["[MASK]", "<mask>"],
            (None, _) => vec!["[PAD]", "<pad>"],
        }
    }

    /// `tokenizer.json` with the settings of the other file.
    fn resolved(mut self, folder: &Path) -> Result<Self> {
        // Damaged JSON is an error later, when the tokenizer is built.
        let mut json: Value = serde_json::from_slice(&self.json).unwrap_or_default();
        let mut differences = Vec::new();
        if self.class.is_some() && json["normalizer"]["type"] == "BertNormalizer" {
            differences = overridden(&mut json["normalizer"], &SETTINGS, &self.settings);
        }
        let is_changed = added::list(&mut json, settings::special_tokens(&self.settings, self.class));
        added::check(folder, &json, &self.settings)?;
        if self.class.is_some() && json["model"]["type"] == "WordPiece" {
            self.notice = versions::difference(folder, &json, &self.settings);
        }
        if is_byte_level(&json) {
            differences.extend(overridden(&mut json["pre_tokenizer"], &BYTE_LEVEL_SETTINGS, &self.settings));
        }
        if is_changed || !differences.is_empty() {
            self.json = serde_json::to_vec_pretty(&json)?;
        }
        if !differences.is_empty() {
            let contradiction = format!(
                "`{}`: `tokenizer.json` and `tokenizer_config.json` contradict each other: {}; the second file is \
                 used, as in transformers (correct it if the model was trained otherwise)",
                folder.display(),
                differences.join(", ")
            );
            self.notice = Some([Some(contradiction), self.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
        }
        Ok(self)
    }
}

/// The tokenizer that transformers builds from `vocab.txt`.
fn from_vocabulary(
    folder: &Path,
    settings: Value,
    class: Option<&'static str>,
    name: &str,
    absent: &Error,
) -> Result<TokenizerFiles> {
    let path = folder.join("vocab.txt");
    let bytes = match contents(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(missing(&folder.join("tokenizer.json"), name, absent));
        }
        bytes => bytes.map_err(|e| anyhow!("reading `{}`: {e}", path.display()))?,
    };
    let text = String::from_utf8(bytes).map_err(|e| anyhow!("`{}` is not UTF-8: {e}", path.display()))?;
    let other = settings.get("tokenizer_class").and_then(Value::as_str);
    ensure!(
        class.is_some(),
        "`{}` has no `tokenizer.json`, and `vocab.txt` alone does not describe a `{}`; create it with Python: \
         `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`",
        folder.display(),
        other.unwrap_or("tokenizer of this family")
    );
    let mut normalizer = json!({"type": "BertNormalizer", "clean_text": true});
    for (setting, key, default) in &SETTINGS {
        normalizer[*key] = settings.get(*setting).unwrap_or(default).clone();
    }
    let added = object(&folder.join("added_tokens.json"))?.unwrap_or_default();
    let json = vocabulary_file::tokenizer_json(&text, normalizer, &settings, added.as_object().unwrap_or(&Map::new()));
    let json = json.map_err(|message| anyhow!("`{}`: {message}", path.display()))?;
    added::check(folder, &json, &settings)?;
    Ok(TokenizerFiles { json: serde_json::to_vec(&json)?, path, notice: None, settings, class })
}

/// The JSON object in a file; `None` if the file is missing.
pub(crate) fn object(path: &Path) -> Result<Option<Value>> {
    let bytes = match contents(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|e| anyhow!("reading `{}`: {e}", path.display()))?,
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| anyhow!("`{}`: {e}", path.display()))?;
    ensure!(value.is_object(), "`{}`: is not a JSON object", path.display());
    Ok(Some(value))
}

fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let bytes = records::regular(path).and_then(std::fs::read)?;
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(Error::other("is a git-lfs pointer, not the file itself: run `git lfs pull` in its repository"));
    }
    match bytes.is_empty() {
        true => Err(Error::other("the file is empty; remove the model's folder, then fetch the model again")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
