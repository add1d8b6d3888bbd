//! Byte-level BPE and SentencePiece: ids and spans as in transformers, words, and the refusals.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokens::{TextTokenizer, TokenizerFiles, Vocabulary};

const KINDS: [&str; 2] = ["byte-level-bpe", "sentencepiece-camembert"];

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(kind)
}

fn load(folder: &Path, settings: Value) -> Result<TextTokenizer, String> {
    let mut data = json!({"dataset": "d", "tokenizer": "t", "max_seq_length": 64});
    data.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    TextTokenizer::load(folder, &serde_json::from_value(data).unwrap()).map_err(|e| e.to_string())
}

fn ids(kind: &str, text: &str) -> Vec<u32> {
    load(&folder(kind), json!({})).unwrap().ids(text).unwrap().input_ids
}

/// The tokenizer in a folder of its own, with `change` done to `tokenizer.json`, and other settings.
fn changed(kind: &str, change: impl Fn(&mut Value), settings: Value) -> tempfile::TempDir {
    let other = tempfile::tempdir().unwrap();
    let mut json: Value = serde_json::from_slice(&std::fs::read(folder(kind).join("tokenizer.json")).unwrap()).unwrap();
    change(&mut json);
    for (name, content) in [("tokenizer.json", json), ("tokenizer_config.json", settings)] {
        records::publish::bytes(&other.path().join(name), content.to_string().as_bytes()).unwrap();
    }
    other
}

#[test]
fn ids_and_spans_are_those_of_transformers() {
    let expected = std::fs::read_to_string(folder("expected.jsonl")).unwrap();
    assert_eq!(expected.lines().count(), 12);
    for line in expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let (kind, text) = (line["tokenizer"].as_str().unwrap(), line["text"].as_str().unwrap());
        assert_eq!(json!(ids(kind, text)), line["ids"], "{kind}: {text}");
        let spans = load(&folder(kind), json!({})).unwrap().spans(text).unwrap();
        let pieces: Vec<&str> = spans.iter().map(|token| token.span.clone().map_or("", |span| &text[span])).collect();
        assert_eq!(json!(pieces), line["pieces"], "{kind}: {text}");
    }
}

#[test]
fn the_first_or_last_tokens_stay_between_the_tokenizers_own_special_tokens() {
    for (kind, [first, last]) in KINDS.into_iter().zip([[0, 2], [5, 6]]) {
        let whole = ids(kind, "A quiet film, not good");
        for (way, kept) in [("head-only", [1..5, 0..0]), ("tail-only", [0..0, whole.len() - 5..whole.len() - 1])] {
            let cut = load(&folder(kind), json!({"max_seq_length": 6, "truncation": way})).unwrap();
            let inner = kept.map(|range| &whole[range]).concat();
            assert_eq!(
                cut.ids("A quiet film, not good").unwrap().input_ids,
                [&[first], inner.as_slice(), &[last]].concat()
            );
            assert_eq!(cut.pad_token_id, 1);
        }
    }
}

#[test]
fn words_begin_at_spaces_and_punctuation_whatever_the_tokenizer() {
    let text = "It ended at the Café, not <br /> GOOD!! 七 naïve";
    for (kind, foreign) in KINDS.into_iter().zip(["七", "<unk>"]) {
        let words = Vocabulary::load(&folder(kind)).unwrap().words(&ids(kind, text));
        let good = if kind == "byte-level-bpe" { &["good"][..] } else { &["<unk>"] };
        let expected =
            [&["it", "ended", "at", "the"], caf(kind), &[",", "not"], good, &["!", "!", foreign, "naïve"]].concat();
        assert_eq!(words, expected, "{kind}");
    }
}

/// The tiny SentencePiece vocabulary has no `C`.
fn caf(kind: &str) -> &[&str] {
    if kind == "byte-level-bpe" { &["café"] } else { &["<unk>", "afé"] }
}

#[test]
fn a_token_continues_the_word_of_the_token_before_it() {
    for kind in KINDS {
        let spans = load(&folder(kind), json!({})).unwrap().spans("quiet not").unwrap();
        let beginnings: Vec<bool> = spans.iter().map(|token| !token.continues).collect();
        let words = beginnings[1..beginnings.len() - 1].iter().filter(|begins| **begins).count();
        assert_eq!(words, 2, "{kind}: {spans:?}");
    }
}

#[test]
fn the_setting_for_a_space_before_the_text_wins_as_in_transformers() {
    let with_space = ids("byte-level-bpe", "A quiet")[2..].to_vec();
    let other = changed("byte-level-bpe", |_| (), json!({"add_prefix_space": true}));
    let files = TokenizerFiles::read(other.path(), "t").unwrap();
    let notice = files.notice.as_ref().unwrap();
    assert!(notice.contains("`add_prefix_space` is false, `add_prefix_space` is true"), "{notice}");
    let spaced = load(other.path(), json!({})).unwrap().ids("A quiet").unwrap().input_ids;
    assert_eq!(spaced[1], with_space[0], "a space before the first word");
    let written = files.config(512, "t").unwrap();
    let expected = json!({"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": true, "sep_token": "</s>",
        "pad_token": "<pad>", "cls_token": "<s>", "mask_token": "<mask>", "model_max_length": 512});
    assert_eq!(written, expected);
}

#[test]
fn what_is_not_one_token_around_a_text_is_refused_by_name() {
    let kind = "sentencepiece-camembert";
    let special = |id: &str, type_id: u32| json!({"SpecialToken": {"id": id, "type_id": type_id}});
    let text = |type_id: u32| json!({"Sequence": {"id": "A", "type_id": type_id}});
    let twice = json!([special("<s>", 0), text(0), special("</s>", 0), special("</s>", 0)]);
    let typed = json!([special("<s>", 0), text(1), special("</s>", 1)]);
    for (single, says) in [
        (twice, "into the tokens `<s> </s> </s>`, but only one token before and one after"),
        (json!([text(0)]), "set `post_processor` in `tokenizer.json` to a template"),
        (typed, "a type other than 0"),
    ] {
        let other = changed(kind, |json| json["post_processor"]["single"] = single.clone(), json!({}));
        let message = load(other.path(), json!({})).err().unwrap();
        assert!(message.contains(says) && message.contains("tokenizer.json"), "{message}");
    }
}

#[test]
fn what_is_missing_or_hostile_is_refused_by_name() {
    let without_pad = changed("byte-level-bpe", |_| (), json!({"pad_token": "[NIL]"}));
    let message = load(without_pad.path(), json!({})).err().unwrap();
    assert!(message.contains("no padding token `[NIL]`"), "{message}");
    let kind = "sentencepiece-camembert";
    let long = changed(kind, |json| json["normalizer"]["normalizers"][2]["content"] = json!("x".repeat(99)), json!({}));
    let message = load(long.path(), json!({})).err().unwrap();
    assert!(message.contains("more than 128 times as long"), "{message}");
    let damaged = changed(kind, |json| damage(&mut json["normalizer"]["normalizers"][0]), json!({}));
    let message = load(damaged.path(), json!({})).err().unwrap();
    assert!(message.contains("damaged `precompiled_charsmap`"), "{message}");
    let mute = changed(kind, |json| json["decoder"] = Value::Null, json!({}));
    let message = Vocabulary::load(mute.path()).err().unwrap().to_string();
    assert!(message.contains("no `decoder` of type `ByteLevel` or `Metaspace`"), "{message}");
}

/// Let the trie's first unit point far outside.
fn damage(precompiled: &mut Value) {
    let text = precompiled["precompiled_charsmap"].as_str().unwrap().to_owned();
    precompiled["precompiled_charsmap"] = json!(format!("{}////{}", &text[..8], &text[12..]));
}
