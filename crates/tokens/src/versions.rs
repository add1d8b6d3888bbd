//! Parts of `tokenizer.json` that transformers 4.57 keeps as the file says, and 5 replaces by those of the tokenizer's
//! class. Fathom follows 4.57, and warns.

use std::path::Path;

use serde_json::Value;

use crate::files::special_token;

/// A warning if the WordPiece tokenizer `json` differs from what its class would be in transformers 5.
pub(crate) fn difference(folder: &Path, json: &Value, settings: &Value) -> Option<String> {
    let (model, normalizer) = (&json["model"], &json["normalizer"]);
    let template = json["post_processor"]["single"].as_array();
    let is_token = |part: Option<&Value>, name: &str| {
        let given = special_token(settings, name);
        part.map_or("", |part| part["SpecialToken"]["id"].as_str().unwrap_or_default()) == given
    };
    let frame = template.is_none_or(|it| is_token(it.first(), "cls_token") && is_token(it.last(), "sep_token"));
    let parts = [
        ("normalizer", normalizer["type"] == "BertNormalizer"),
        ("normalizer.clean_text", normalizer["clean_text"] != false),
        ("pre_tokenizer", json["pre_tokenizer"]["type"] == "BertPreTokenizer"),
        ("model.max_input_chars_per_word", model["max_input_chars_per_word"].as_u64().is_none_or(|most| most == 100)),
        ("model.continuing_subword_prefix", model["continuing_subword_prefix"] == "##"),
        ("model.unk_token", model["unk_token"] == special_token(settings, "unk_token").as_str()),
        ("post_processor", frame),
    ];
    let unlike: Vec<String> =
        parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| format!("`{name}`")).collect();
    (!unlike.is_empty()).then(|| {
        format!(
            "`{}`: transformers 5 replaces {} of `tokenizer.json` by what `tokenizer_config.json` and its class say; the \
             file is used, as in transformers 4.57",
            folder.display(),
            unlike.join(", ")
        )
    })
}
