//! The `tokenizer_config.json` that belongs to a tokenizer.

use anyhow::{Result, anyhow};
use serde_json::{Value, json};

use super::TokenizerFiles;
use super::settings::{SETTINGS, is_byte_level};
use crate::frame::Frame;

pub(super) const SPECIAL_TOKENS: [&str; 5] = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

impl TokenizerFiles {
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
}

fn is_special(json: &Value, text: &str) -> bool {
    let added = json["added_tokens"].as_array();
    added.is_some_and(|added| added.iter().any(|token| token["content"] == text && token["special"] == true))
}
