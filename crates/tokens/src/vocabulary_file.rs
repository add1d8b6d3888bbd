//! Convert `vocab.txt`, one token a line, to a `tokenizer.json`: WordPiece as BERT's authors published it.

use serde_json::{Map, Value, json};

use crate::files::special_token;

/// The `tokenizer.json` that transformers makes of `text`, the content of `vocab.txt`, with more `added` tokens by id.
///
/// Only `\n` ends a line (after `\r\n` and `\r` have become `\n`, as in Python), because vocabularies hold other line
/// separators as tokens. Empty lines count, and of a repeated token the last line counts.
pub(crate) fn tokenizer_json(
    text: &str,
    normalizer: Value,
    settings: &Value,
    added: &Map<String, Value>,
) -> Result<Value, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n');
    let vocab: Map<String, Value> = lines.enumerate().map(|(id, token)| (token.to_owned(), json!(id))).collect();
    let token = |name: &str| special_token(settings, name);
    let (unknown, cls, sep) = (token("unk_token"), token("cls_token"), token("sep_token"));
    let id = |token: &str| {
        vocab
            .get(token)
            .cloned()
            .ok_or_else(|| format!("has no `{token}`; add it, or name the token in `tokenizer_config.json`"))
    };
    let (cls_id, sep_id) = (id(&cls)?, id(&sep)?);
    let special = |token: &str, id: &Value| {
        json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
               "special": true})
    };
    let named = ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"].map(token);
    let named = named.iter().filter_map(|token| Some(special(token, vocab.get(token)?)));
    let plain = |(token, id): (&String, &Value)| {
        let mut token = special(token, id);
        token["special"] = json!(false);
        token["normalized"] = json!(true);
        token
    };
    let mut added_tokens: Vec<Value> =
        named.chain(added.iter().filter(|(token, _)| !vocab.contains_key(*token)).map(plain)).collect();
    added_tokens.sort_by_key(|token| token["id"].as_u64());
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added_tokens,
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template((&cls, cls_id), (&sep, sep_id)),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece",
            "unk_token": unknown,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }))
}

/// `[CLS] A [SEP]`, and `[CLS] A [SEP] B [SEP]` with token type 1 from B on.
fn template((cls, cls_id): (&str, Value), (sep, sep_id): (&str, Value)) -> Value {
    let special = |token: &str, type_id: u32| json!({"SpecialToken": {"id": token, "type_id": type_id}});
    let text = |name: &str, type_id: u32| json!({"Sequence": {"id": name, "type_id": type_id}});
    let frame = |token: &str, id: Value| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [special(cls, 0), text("A", 0), special(sep, 0)],
        "pair": [special(cls, 0), text("A", 0), special(sep, 0), text("B", 1), special(sep, 1)],
        "special_tokens": {cls: frame(cls, cls_id), sep: frame(sep, sep_id)},
    })
}
