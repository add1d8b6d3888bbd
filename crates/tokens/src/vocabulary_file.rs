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
    let (cls_id, sep_id, _) = (id(&cls)?, id(&sep)?, id(&unknown)?);
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

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIAL: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

    fn made(text: &str, settings: Value, added: Value) -> Result<Value, String> {
        tokenizer_json(text, json!({"type": "BertNormalizer"}), &settings, added.as_object().unwrap())
    }

    fn vocabulary(text: &str) -> Map<String, Value> {
        let json = made(&format!("{SPECIAL}{text}"), json!({}), json!({})).unwrap();
        json["model"]["vocab"].as_object().unwrap().clone()
    }

    #[test]
    fn only_a_newline_ends_a_line_and_an_empty_line_counts() {
        let unusual = vocabulary("a\u{2028}\nb\u{85}\n\nc\n");
        let ids = ["a\u{2028}", "b\u{85}", "", "c"].map(|token| unusual[token].as_u64().unwrap());
        assert_eq!(ids, [5, 6, 7, 8]);
        assert_eq!(vocabulary("a\r\nb\rc"), vocabulary("a\nb\nc\n"), "as Python reads a text file");
    }

    #[test]
    fn of_a_repeated_token_the_last_line_counts() {
        let twice = vocabulary("film\ngood\nfilm\n");
        assert_eq!((&twice["film"], &twice["good"], twice.len()), (&json!(7), &json!(6), 7));
    }

    #[test]
    fn special_tokens_are_those_of_the_settings() {
        let settings = json!({"cls_token": "<s>", "sep_token": {"content": "</s>"}});
        let json = made("[PAD]\n[UNK]\n<s>\n</s>\n[MASK]\n", settings, json!({"<film>": 9, "<s>": 7})).unwrap();
        assert_eq!(json["post_processor"]["single"][0]["SpecialToken"]["id"], "<s>");
        assert_eq!(json["post_processor"]["special_tokens"]["</s>"]["ids"], json!([3]));
        let added: Vec<(&str, u64, bool)> = json["added_tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["content"].as_str().unwrap(), it["id"].as_u64().unwrap(), it["special"] == true))
            .collect();
        assert_eq!(added[2..], [("<s>", 2, true), ("</s>", 3, true), ("[MASK]", 4, true), ("<film>", 9, false)]);
    }

    #[test]
    fn a_vocabulary_without_a_token_that_every_text_may_need_is_refused() {
        for token in ["[UNK]", "[CLS]", "[SEP]"] {
            let message = made(&SPECIAL.replace(token, "x"), json!({}), json!({})).unwrap_err();
            assert!(message.contains(token), "{message}");
        }
        assert!(made("", json!({}), json!({})).is_err());
    }
}
