//! Settings of `tokenizer_config.json` that win over `tokenizer.json`, and the classes of transformers that read them.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::object;
use super::written::SPECIAL_TOKENS;

/// Families whose class in transformers builds its normalizer from `tokenizer_config.json`, and the class.
const BERT_CLASSES: &[(&str, &str)] =
    &[("bert", "BertTokenizer"), ("distilbert", "DistilBertTokenizer"), ("electra", "ElectraTokenizer")];

/// The key in `tokenizer_config.json`, the key in the normalizer, and the default of the first.
pub(super) const SETTINGS: [Setting; 3] = [
    ("do_lower_case", "lowercase", Value::Bool(true)),
    ("strip_accents", "strip_accents", Value::Null),
    ("tokenize_chinese_chars", "handle_chinese_chars", Value::Bool(true)),
];

/// The same for byte-level BPE, in the pre-tokenizer of any class.
pub(super) const BYTE_LEVEL_SETTINGS: [Setting; 1] = [("add_prefix_space", "add_prefix_space", Value::Bool(false))];

pub(super) type Setting = (&'static str, &'static str, Value);

/// `tokenizer_config.json`. Where it lists no added tokens, `special_tokens_map.json` names the special ones, as in
/// transformers 4.57.
pub(super) fn read(folder: &Path) -> Result<Value> {
    let mut settings = object(&folder.join("tokenizer_config.json"))?.unwrap_or_else(|| json!({}));
    let special = object(&folder.join("special_tokens_map.json"))?.unwrap_or_default();
    if let (Some(all), Some(special)) = (settings.as_object_mut(), special.as_object()) {
        let is_older = !all.contains_key("added_tokens_decoder");
        all.extend(special.clone().into_iter().filter(|_| is_older));
    }
    Ok(settings)
}

/// The special tokens that `settings` name, and those of BERT's classes.
pub(super) fn special_tokens(settings: &Value, class: Option<&str>) -> impl Iterator<Item = String> {
    SPECIAL_TOKENS.into_iter().filter_map(move |name| match class {
        Some(_) => Some(special_token(settings, name)),
        None => given_token(settings, name).map(str::to_owned),
    })
}

/// The class in `tokenizer_config.json`, or else in `config.json`, or else that of the family there, if it is one of
/// BERT's.
pub(super) fn bert_class(settings: &Value, config: &Value) -> Option<&'static str> {
    let family = config["model_type"].as_str().unwrap_or("bert");
    let named = [settings, config].into_iter().find_map(|file| file.get("tokenizer_class")?.as_str());
    let is_it =
        |(of, class): &&(&str, &str)| named.map_or(*of == family, |named| named.trim_end_matches("Fast") == *class);
    BERT_CLASSES.iter().find(is_it).map(|(_, class)| *class)
}

/// Apply `settings` to a part of `tokenizer.json`, and describe the differences.
pub(super) fn overridden(part: &mut Value, table: &[Setting], settings: &Value) -> Vec<String> {
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

/// Whether the tokenizer `json` is byte-level BPE.
pub(super) fn is_byte_level(json: &Value) -> bool {
    json["pre_tokenizer"]["type"] == "ByteLevel"
}

/// The text of a special token of BERT: as given, or its default.
pub(crate) fn special_token(settings: &Value, name: &str) -> String {
    let default = || format!("[{}]", name.trim_end_matches("_token").to_uppercase());
    given_token(settings, name).map_or_else(default, str::to_owned)
}

/// The text of a special token: a string, or an object with `content`.
pub(super) fn given_token<'a>(settings: &'a Value, name: &str) -> Option<&'a str> {
    let given = settings.get(name)?;
    given.as_str().or_else(|| given["content"].as_str())
}
