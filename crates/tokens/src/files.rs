//! The files of a model folder's tokenizer, merged into one `tokenizer.json`.
//!
//! transformers builds a BERT tokenizer from two files that may contradict each other: `tokenizer.json` holds a
//! normalizer, and `tokenizer_config.json` holds `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`. In
//! transformers 4.57 and 5 the second file wins, and a missing key means its default (`do_lower_case` is on), unless
//! `tokenizer_class` is `PreTrainedTokenizerFast`. This module does the same, and warns if the files differ. In a
//! folder that `train` wrote, only `tokenizer.json` counts, because the model was trained on its ids.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use records::hash::sha256_hex;
use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use crate::tokenizer::{missing, remedy};
use crate::vocabulary_file;

/// The tokenizer of a model folder.
pub struct TokenizerFiles {
    /// The file with the vocabulary: `tokenizer.json` or `vocab.txt`.
    pub path: PathBuf,
    /// `tokenizer.json` as it is used: the folder's bytes, unless another file changes or replaces it.
    pub json: Vec<u8>,
    /// Warnings for the user, such as a contradiction between two files.
    pub notice: Option<String>,
    settings: Value,
}

/// The classes of transformers that build their normalizer from `tokenizer_config.json`.
const BERT_CLASSES: [&str; 3] = ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"];

/// The key in `tokenizer_config.json`, the key in the normalizer, and the default of the first.
const SETTINGS: [(&str, &str, Value); 3] = [
    ("do_lower_case", "lowercase", Value::Bool(true)),
    ("strip_accents", "strip_accents", Value::Null),
    ("tokenize_chinese_chars", "handle_chinese_chars", Value::Bool(true)),
];

const SPECIAL_TOKENS: [&str; 5] = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

impl TokenizerFiles {
    /// Read `tokenizer.json`, or `vocab.txt` if there is none, and `tokenizer_config.json` in `folder`; `name` is the
    /// model's name for remedies.
    ///
    /// # Errors
    /// Both files are missing, or a file is damaged.
    pub fn read(folder: &Path, name: &str) -> Result<Self> {
        let settings = object(&folder.join("tokenizer_config.json"))?.unwrap_or_default();
        let path = folder.join("tokenizer.json");
        match contents(&path) {
            Ok(json) => resolved(folder, path, json, settings),
            Err(error) if error.kind() == ErrorKind::NotFound => from_vocabulary(folder, settings, name, &error),
            Err(error) => Err(missing(&path, name, &error)),
        }
    }

    /// The tokenizer in memory.
    ///
    /// # Errors
    /// [`TokenizerFiles::json`] does not describe a tokenizer.
    pub(crate) fn tokenizer(&self, name: &str) -> Result<Tokenizer> {
        let unusable = |e| anyhow!("tokenizer `{}` cannot be used: {e}; {}", self.path.display(), remedy(name));
        Tokenizer::from_bytes(&self.json).map_err(unusable)
    }

    /// sha256 of [`TokenizerFiles::json`].
    pub fn sha256(&self) -> String {
        sha256_hex(&self.json)
    }

    /// The `tokenizer_config.json` from which transformers builds exactly this tokenizer, for a model of at most
    /// `positions` tokens.
    pub fn config(&self, positions: usize) -> Value {
        let json: Value = serde_json::from_slice(&self.json).unwrap_or_default();
        let normalizer = &json["normalizer"];
        let is_bert = normalizer["type"] == "BertNormalizer" && normalizer["clean_text"] == true;
        let class = self.class().filter(|_| is_bert).unwrap_or("PreTrainedTokenizerFast");
        let mut config = json!({"tokenizer_class": class});
        for (setting, key, _) in SETTINGS.iter().filter(|_| is_bert) {
            config[*setting] = normalizer[*key].clone();
        }
        for token in SPECIAL_TOKENS {
            if let Some(text) = self.special_token(token).filter(|text| is_special(&json, text)) {
                config[token] = json!(text);
            }
        }
        config["model_max_length"] = json!(positions);
        config
    }

    /// The class of transformers that builds its normalizer from settings, if this tokenizer has such a class.
    fn class(&self) -> Option<&'static str> {
        bert_class(&self.settings)
    }

    fn special_token(&self, name: &str) -> Option<String> {
        special_token(&self.settings, name)
    }
}

/// The text of a special token: a string, or an object with `content`; BERT's default if the file lacks it.
pub(crate) fn special_token(settings: &Value, name: &str) -> Option<String> {
    let given = settings.get(name).filter(|token| !token.is_null());
    match given {
        Some(token) => token.as_str().or_else(|| token["content"].as_str()).map(str::to_owned),
        None => Some(format!("[{}]", name.trim_end_matches("_token").to_uppercase())),
    }
}

fn is_special(json: &Value, text: &str) -> bool {
    let added = json["added_tokens"].as_array();
    added.is_some_and(|added| added.iter().any(|token| token["content"] == text && token["special"] == true))
}

fn bert_class(settings: &Value) -> Option<&'static str> {
    let Some(class) = settings.get("tokenizer_class").and_then(Value::as_str) else { return Some(BERT_CLASSES[0]) };
    BERT_CLASSES.into_iter().find(|known| *known == class.trim_end_matches("Fast"))
}

/// `tokenizer.json` with the settings of the other file.
fn resolved(folder: &Path, path: PathBuf, json: Vec<u8>, settings: Value) -> Result<TokenizerFiles> {
    // Damaged JSON is an error later, when the tokenizer is built.
    let mut value: Value = serde_json::from_slice(&json).unwrap_or_default();
    let is_ours = object(&folder.join("config.json"))?.is_some_and(|config| config.get("fathom").is_some());
    let follows_settings =
        !is_ours && bert_class(&settings).is_some() && value["normalizer"]["type"] == "BertNormalizer";
    let differences =
        if follows_settings { override_normalizer(&mut value["normalizer"], &settings) } else { Vec::new() };
    if differences.is_empty() {
        return Ok(TokenizerFiles { path, json, notice: None, settings });
    }
    let notice = format!(
        "`{}`: `tokenizer.json` and `tokenizer_config.json` contradict each other: {}; the second file is used, as in \
         transformers (correct it if the model was trained otherwise)",
        folder.display(),
        differences.join(", ")
    );
    Ok(TokenizerFiles { path, json: serde_json::to_vec_pretty(&value)?, notice: Some(notice), settings })
}

/// Apply `settings` to the normalizer, and describe the differences.
fn override_normalizer(normalizer: &mut Value, settings: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    for (setting, key, default) in &SETTINGS {
        let given = settings.get(*setting);
        let wanted = given.unwrap_or(default);
        let found = normalizer[*key].clone();
        if found != *wanted {
            let by_default = if given.is_none() { " by default" } else { "" };
            differences.push(format!("`{key}` is {found}, `{setting}` is {wanted}{by_default}"));
            normalizer[*key] = wanted.clone();
        }
    }
    differences
}

/// The tokenizer that transformers builds from `vocab.txt`.
fn from_vocabulary(folder: &Path, settings: Value, name: &str, absent: &Error) -> Result<TokenizerFiles> {
    let path = folder.join("vocab.txt");
    let bytes = match contents(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(missing(&folder.join("tokenizer.json"), name, absent));
        }
        bytes => bytes.map_err(|e| anyhow!("reading `{}`: {e}", path.display()))?,
    };
    let text = String::from_utf8(bytes).map_err(|e| anyhow!("`{}` is not UTF-8: {e}", path.display()))?;
    let class = settings.get("tokenizer_class").and_then(Value::as_str);
    ensure!(
        bert_class(&settings).is_some(),
        "`{}` has no `tokenizer.json`, and `vocab.txt` alone does not describe a `{}`; create it with Python: \
         `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`",
        folder.display(),
        class.unwrap_or_default()
    );
    let mut normalizer = json!({"type": "BertNormalizer", "clean_text": true});
    for (setting, key, default) in &SETTINGS {
        normalizer[*key] = settings.get(*setting).unwrap_or(default).clone();
    }
    let added = object(&folder.join("added_tokens.json"))?.unwrap_or_default();
    let json = vocabulary_file::tokenizer_json(&text, normalizer, &settings, added.as_object().unwrap_or(&Map::new()));
    let json = json.map_err(|message| anyhow!("`{}`: {message}", path.display()))?;
    Ok(TokenizerFiles { json: serde_json::to_vec(&json)?, path, notice: None, settings })
}

/// The JSON object in a file; `None` if the file is missing.
fn object(path: &Path) -> Result<Option<Value>> {
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
    match bytes.starts_with(b"version https://git-lfs") {
        true => Err(Error::other("is a git-lfs pointer, not the file itself: run `git lfs pull` in its repository")),
        false => Ok(bytes),
    }
}
