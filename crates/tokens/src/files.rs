//! The files of a model folder's tokenizer, merged into one `tokenizer.json`.
//!
//! transformers builds a tokenizer from two files that may contradict each other: `tokenizer.json` holds a normalizer
//! and a pre-tokenizer, and `tokenizer_config.json` holds `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`
//! for BERT's classes, and `add_prefix_space` for byte-level BPE. In transformers 4.57 and 5 the second file wins, and a
//! missing key means its default (`do_lower_case` is on, `add_prefix_space` off). This module does the same, and warns
//! if the files differ; [`versions`] tells where 4.57 and 5 differ. In a folder that `train` wrote, only `tokenizer.json` counts, because the model was trained on
//! its ids.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use records::hash::sha256_hex;
use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use crate::frame::Frame;
use crate::tokenizer::{missing, remedy};
use crate::{added, normalizer, versions, vocabulary_file};

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

/// Families whose class in transformers builds its normalizer from `tokenizer_config.json`, and the class.
const BERT_CLASSES: &[(&str, &str)] =
    &[("bert", "BertTokenizer"), ("distilbert", "DistilBertTokenizer"), ("electra", "ElectraTokenizer")];

/// The key in `tokenizer_config.json`, the key in the normalizer, and the default of the first.
const SETTINGS: [Setting; 3] = [
    ("do_lower_case", "lowercase", Value::Bool(true)),
    ("strip_accents", "strip_accents", Value::Null),
    ("tokenize_chinese_chars", "handle_chinese_chars", Value::Bool(true)),
];

/// The same for byte-level BPE, in the pre-tokenizer of any class.
const BYTE_LEVEL_SETTINGS: [Setting; 1] = [("add_prefix_space", "add_prefix_space", Value::Bool(false))];

type Setting = (&'static str, &'static str, Value);

const SPECIAL_TOKENS: [&str; 5] = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

impl TokenizerFiles {
    /// Read `tokenizer.json`, or `vocab.txt` if there is none, and `tokenizer_config.json` in `folder`; `name` is the
    /// model's name for remedies.
    ///
    /// # Errors
    /// Both files are missing, or a file is damaged.
    pub fn read(folder: &Path, name: &str) -> Result<Self> {
        let settings = object(&folder.join("tokenizer_config.json"))?.unwrap_or_default();
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

    /// The `tokenizer_config.json` from which transformers builds exactly this tokenizer, for a model of at most
    /// `positions` tokens; `name` is the model's name for remedies.
    ///
    /// # Errors
    /// The tokenizer cannot be used.
    pub fn config(&self, positions: usize, name: &str) -> Result<Value> {
        let json: Value = serde_json::from_slice(&self.json).unwrap_or_default();
        let normalizer = &json["normalizer"];
        let is_bert = normalizer["type"] == "BertNormalizer" && normalizer["clean_text"] == true;
        let class = self.class.filter(|_| is_bert).unwrap_or("PreTrainedTokenizerFast");
        let mut config = json!({"tokenizer_class": class});
        for (setting, key, _) in SETTINGS.iter().filter(|_| is_bert) {
            config[*setting] = normalizer[*key].clone();
        }
        if is_byte_level(&json) {
            config["add_prefix_space"] = json["pre_tokenizer"]["add_prefix_space"].clone();
        }
        for (key, text) in self.special_tokens(name)? {
            if is_special(&json, &text) {
                config[key] = json!(text);
            }
        }
        config["model_max_length"] = json!(positions);
        Ok(config)
    }

    /// The special tokens that the tokenizer itself uses, and the mask.
    fn special_tokens(&self, name: &str) -> Result<Vec<(&'static str, String)>> {
        let tokenizer = self.tokenizer(name)?;
        let frame = Frame::of(&tokenizer, &self.pads())
            .map_err(|what| anyhow!("tokenizer `{}` {what}", self.path.display()))?;
        let mask = self.candidates("mask_token").iter().find_map(|mask| tokenizer.token_to_id(mask));
        let ids = [frame.unknown, Some(frame.sep), Some(frame.pad), Some(frame.cls), mask];
        let texts = ids.map(|id| tokenizer.id_to_token(id?));
        Ok(SPECIAL_TOKENS.into_iter().zip(texts).filter_map(|(key, text)| Some((key, text?))).collect())
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
        added::check(folder, &json, &self.settings)?;
        if self.class.is_some() && json["model"]["type"] == "WordPiece" {
            self.notice = versions::difference(folder, &json, &self.settings);
        }
        if is_byte_level(&json) {
            differences.extend(overridden(&mut json["pre_tokenizer"], &BYTE_LEVEL_SETTINGS, &self.settings));
        }
        if !differences.is_empty() {
            self.json = serde_json::to_vec_pretty(&json)?;
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

fn is_byte_level(json: &Value) -> bool {
    json["pre_tokenizer"]["type"] == "ByteLevel"
}

/// The text of a special token of BERT: as given, or its default.
pub(crate) fn special_token(settings: &Value, name: &str) -> String {
    let default = || format!("[{}]", name.trim_end_matches("_token").to_uppercase());
    given_token(settings, name).map_or_else(default, str::to_owned)
}

/// The text of a special token: a string, or an object with `content`.
fn given_token<'a>(settings: &'a Value, name: &str) -> Option<&'a str> {
    let given = settings.get(name)?;
    given.as_str().or_else(|| given["content"].as_str())
}

fn is_special(json: &Value, text: &str) -> bool {
    let added = json["added_tokens"].as_array();
    added.is_some_and(|added| added.iter().any(|token| token["content"] == text && token["special"] == true))
}

/// The class in `tokenizer_config.json`, or else in `config.json`, or else that of the family there, if it is one of
/// BERT's.
fn bert_class(settings: &Value, config: &Value) -> Option<&'static str> {
    let family = config["model_type"].as_str().unwrap_or("bert");
    let named = [settings, config].into_iter().find_map(|file| file.get("tokenizer_class")?.as_str());
    let is_it =
        |(of, class): &&(&str, &str)| named.map_or(*of == family, |named| named.trim_end_matches("Fast") == *class);
    BERT_CLASSES.iter().find(is_it).map(|(_, class)| *class)
}

/// Apply `settings` to a part of `tokenizer.json`, and describe the differences.
fn overridden(part: &mut Value, table: &[Setting], settings: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    for (setting, key, default) in table {
        let given = settings.get(*setting);
        let wanted = given.unwrap_or(default);
        let found = part[*key].clone();
        if found != *wanted {
            let by_default = if given.is_none() { " by default" } else { "" };
            differences.push(format!("`{key}` is {found}, `{setting}` is {wanted}{by_default}"));
            part[*key] = wanted.clone();
        }
    }
    differences
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
    match bytes.starts_with(b"version https://git-lfs") {
        true => Err(Error::other("is a git-lfs pointer, not the file itself: run `git lfs pull` in its repository")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../prep/tests/data/models/tiny/tokenizer.json");

    /// A folder with the tiny `tokenizer.json`, whose normalizer is changed, and other files.
    fn folder(normalizer: Value, files: &[(&str, Value)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut json: Value = serde_json::from_slice(&std::fs::read(TINY).unwrap()).unwrap();
        json["normalizer"] = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                                    "strip_accents": null, "lowercase": true});
        json["normalizer"].as_object_mut().unwrap().extend(normalizer.as_object().unwrap().clone());
        write(&folder, "tokenizer.json", json.to_string().as_bytes());
        files.iter().for_each(|(name, value)| write(&folder, name, value.to_string().as_bytes()));
        folder
    }

    fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) {
        records::publish::bytes(&folder.path().join(name), bytes).unwrap();
    }

    fn read(folder: &tempfile::TempDir) -> Result<(Value, String)> {
        let files = TokenizerFiles::read(folder.path(), "tiny")?;
        let json: Value = serde_json::from_slice(&files.json)?;
        Ok((json["normalizer"].clone(), files.notice.unwrap_or_default()))
    }

    #[test]
    fn tokenizer_config_wins_in_both_directions_and_a_warning_says_so() {
        for (key, setting) in [
            ("lowercase", "do_lower_case"),
            ("strip_accents", "strip_accents"),
            ("handle_chinese_chars", "tokenize_chinese_chars"),
        ] {
            for wins in [true, false] {
                let folder = folder(json!({key: !wins}), &[("tokenizer_config.json", json!({setting: wins}))]);
                let (normalizer, notice) = read(&folder).unwrap();
                assert_eq!(normalizer[key], wins, "{key}");
                assert!(notice.contains(&format!("`{key}` is {}, `{setting}` is {wins}", !wins)), "{notice}");
            }
        }
    }

    #[test]
    fn a_missing_setting_is_the_default_of_transformers() {
        let cased = folder(json!({"lowercase": false}), &[]);
        let (normalizer, notice) = read(&cased).unwrap();
        assert_eq!(normalizer["lowercase"], true);
        assert!(notice.contains("`do_lower_case` is true by default"), "{notice}");
        let agrees = folder(json!({}), &[("tokenizer_config.json", json!({"do_lower_case": true}))]);
        assert_eq!(read(&agrees).unwrap().1, "");
    }

    #[test]
    fn a_folder_without_tokenizer_json_names_the_file_from_which_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, "merges.txt", b"#version: 0.2\n");
        let message = TokenizerFiles::read(folder.path(), "own").err().unwrap().to_string();
        assert!(message.contains("`merges.txt` is not read") && message.contains(".save_pretrained(DIR)"), "{message}");
    }

    #[test]
    fn the_file_alone_counts_for_a_class_without_settings_and_for_what_train_wrote() {
        let general = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
        for file in [
            ("tokenizer_config.json", general.clone()),
            ("config.json", general),
            ("config.json", json!({"fathom": {"run": "r"}})),
        ] {
            let folder = folder(json!({"lowercase": false}), &[file]);
            let (normalizer, notice) = read(&folder).unwrap();
            assert_eq!((normalizer["lowercase"].clone(), notice.as_str()), (json!(false), ""));
        }
        let named_twice = [
            ("tokenizer_config.json", json!({"tokenizer_class": "BertTokenizerFast"})),
            ("config.json", json!({"tokenizer_class": "PreTrainedTokenizerFast"})),
        ];
        assert_eq!(read(&folder(json!({"lowercase": false}), &named_twice)).unwrap().0["lowercase"], true);
    }

    #[test]
    fn what_only_transformers_4_reads_is_kept_with_a_warning() {
        let (normalizer, notice) = read(&folder(json!({"clean_text": false}), &[])).unwrap();
        assert_eq!(normalizer["clean_text"], false);
        assert!(notice.contains("`normalizer.clean_text`") && notice.contains("4.57"), "{notice}");
        let other = [("tokenizer_config.json", json!({"cls_token": {"content": "[MASK]"}}))];
        let (_, notice) = read(&folder(json!({}), &other)).unwrap();
        assert!(notice.contains("`post_processor`"), "{notice}");
    }

    #[test]
    fn a_token_of_another_file_must_be_in_the_tokenizer_too() {
        let known = json!({"additional_special_tokens": ["[MASK]", {"content": "[CLS]"}]});
        assert!(read(&folder(json!({}), &[("tokenizer_config.json", known)])).is_ok());
        for file in [
            ("added_tokens.json", json!({"<film>": 9})),
            ("tokenizer_config.json", json!({"added_tokens_decoder": {"9": {"content": "<film>"}}})),
            ("tokenizer_config.json", json!({"additional_special_tokens": ["<film>"]})),
        ] {
            let message = read(&folder(json!({}), std::slice::from_ref(&file))).unwrap_err().to_string();
            assert!(message.contains(file.0) && message.contains("`<film>`"), "{message}");
        }
    }

    #[test]
    fn the_settings_that_are_written_make_the_same_tokenizer_again() {
        let settings = json!({"do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false});
        let first = folder(json!({}), &[("tokenizer_config.json", settings)]);
        let files = TokenizerFiles::read(first.path(), "tiny").unwrap();
        let written = files.config(64, "tiny").unwrap();
        assert_eq!((&written["tokenizer_class"], &written["model_max_length"]), (&json!("BertTokenizer"), &json!(64)));
        let (wanted, second) = (read(&first).unwrap().0, tempfile::tempdir().unwrap());
        write(&second, "tokenizer.json", &files.json);
        write(&second, "tokenizer_config.json", written.to_string().as_bytes());
        assert_eq!(read(&second).unwrap(), (wanted, String::new()));
    }

    #[test]
    fn a_folder_without_a_tokenizer_or_with_a_damaged_file_is_refused_by_name() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
        for (name, bytes, says) in [
            ("tokenizer.json", &pointer[..], "git-lfs"),
            ("tokenizer_config.json", pointer, "git-lfs"),
            ("tokenizer_config.json", b"[]", "is not a JSON object"),
            ("added_tokens.json", b"{", "added_tokens.json"),
        ] {
            let folder = folder(json!({}), &[]);
            write(&folder, name, bytes);
            let message = format!("{:#}", read(&folder).unwrap_err());
            assert!(message.contains(name) && message.contains(says), "{message}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(read(&empty).unwrap_err().to_string().contains("tokenizer.json"));
        write(&empty, "vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
        assert!(read(&empty).is_ok());
        write(&empty, "tokenizer_config.json", br#"{"tokenizer_class": "RobertaTokenizer"}"#);
        assert!(read(&empty).unwrap_err().to_string().contains("`RobertaTokenizer`"));
    }
}
