//! Settings of `tokenizer_config.json` that win over `tokenizer.json`, and the classes of transformers that read them.

use serde_json::Value;

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
