//! Tokens that other files add to `tokenizer.json`.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::files::object;

/// Refuse a folder whose other files add a token that `tokenizer.json` lacks, because transformers would find that token
/// in texts.
///
/// # Errors
/// There is such a token, or a file is damaged.
pub(crate) fn check(folder: &Path, json: &Value, settings: &Value) -> Result<()> {
    ensure!(
        settings["split_special_tokens"] != true,
        "`{}`: `tokenizer_config.json` sets `split_special_tokens`, which is not supported; remove it if the model was \
         trained without it",
        folder.display()
    );
    let known: Vec<&Value> = json["added_tokens"].as_array().into_iter().flatten().map(|it| &it["content"]).collect();
    let file = object(&folder.join("added_tokens.json"))?.unwrap_or_default();
    let of_file = file.as_object().into_iter().flatten().map(|(token, _)| ("added_tokens.json", token.clone()));
    let of_settings = listed(settings).map(|token| ("tokenizer_config.json", token));
    for (name, token) in of_file.chain(of_settings) {
        ensure!(
            known.iter().any(|it| **it == token.as_str()),
            "`{}`: `{name}` adds the token `{token}`, which `tokenizer.json` lacks; write both again with Python: \
             `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`",
            folder.display()
        );
    }
    Ok(())
}

/// List the special tokens `names` among the added tokens of `json`, as transformers does, so that they are found in
/// texts. Returns whether any was missing; one that the vocabulary lacks is left out.
pub(crate) fn list(json: &mut Value, names: impl Iterator<Item = String>) -> bool {
    let mut listed = json["added_tokens"].as_array().cloned().unwrap_or_default();
    let before = listed.len();
    for name in names {
        let id = json["model"]["vocab"].get(&name).and_then(Value::as_u64);
        if let Some(id) = id.filter(|_| listed.iter().all(|token| token["content"] != name.as_str())) {
            listed.push(json!({"id": id, "content": name, "single_word": false, "lstrip": false, "rstrip": false,
                               "normalized": false, "special": true}));
        }
    }
    let lacked = listed.len() > before;
    if lacked {
        json["added_tokens"] = listed.into();
    }
    lacked
}

/// The texts of the tokens that `tokenizer_config.json` lists, each a string or an object with `content`.
fn listed(settings: &Value) -> impl Iterator<Item = String> {
    let by_id = settings["added_tokens_decoder"].as_object().into_iter().flatten().map(|(_, token)| token);
    let special = settings["additional_special_tokens"].as_array().into_iter().flatten();
    by_id.chain(special).filter_map(|token| token.as_str().or_else(|| token["content"].as_str()).map(str::to_owned))
}
