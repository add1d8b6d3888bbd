//! Hugging Face `config.json`.

use std::path::Path;

use basics::MOST_BLOCKS;
use fused::Activation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Error;
use crate::families::bert::BERT;
use crate::family::Family;
use crate::folder::read_json;

/// `model_type` of a saved classifier with its own embeddings, which contains no part of a BERT.
pub const EMBEDDING_ONLY: &str = "fathom-embeddings";

/// The settings of an encoder, under BERT's names; `other` keeps the rest of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The name of a [`Family`], or [`EMBEDDING_ONLY`].
    pub model_type: String,
    /// V
    pub vocab_size: usize,
    /// H
    pub hidden_size: usize,
    /// Number of blocks in the folder's weights.
    pub num_hidden_layers: usize,
    /// N, which divides H.
    pub num_attention_heads: usize,
    /// I
    pub intermediate_size: usize,
    /// The activation's name in transformers; see [`Config::activation`].
    pub hidden_act: String,
    /// Upper bound on P: positions available to a text, without those that some families skip.
    pub max_position_embeddings: usize,
    /// Rows of the token-type table.
    pub type_vocab_size: usize,
    /// Added to the variance in LayerNorm.
    pub layer_norm_eps: f64,
    /// Standard deviation of randomly initialised weights.
    #[serde(default = "default_initializer_range")]
    pub initializer_range: f64,
    /// The padding id.
    #[serde(default)]
    pub pad_token_id: u32,
    /// E, the size of a word's vector, if it differs from H.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_size: Option<usize>,
    /// The other keys of the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn default_initializer_range() -> f64 {
    0.02
}

/// Keys that every class of transformers reads, also where it has other names for them.
const COMMON_KEYS: [&str; 3] = ["hidden_size", "num_hidden_layers", "num_attention_heads"];

/// Upper bounds: a larger model is an error, or an attempt to exhaust memory.
const MOST: usize = 100_000;
const MOST_WORDS: usize = 10_000_000;

impl Config {
    /// Read and check `config.json` in a model folder. A missing or null key has the default of the configuration's
    /// class in transformers.
    ///
    /// # Errors
    /// The file is missing, is not JSON, or describes an unsupported model.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config.json");
        Config::from_settings(read_json(&path)?).map_err(|message| Error::file(&path, message))
    }

    /// Every key of `config.json` in `folder` as it is written.
    ///
    /// # Errors
    /// The file is missing, or is not a JSON object.
    pub fn keys(folder: &Path) -> Result<Map<String, Value>, Error> {
        read_json(&folder.join("config.json"))
    }

    fn from_settings(mut settings: Map<String, Value>) -> Result<Self, String> {
        settings.retain(|_, value| !value.is_null());
        let is_encoder = settings.get("model_type").is_none_or(|kind| kind != EMBEDDING_ONLY);
        let family = if is_encoder { Family::of(&settings)? } else { &BERT };
        for (ours, theirs) in family.keys {
            let common = settings.remove(*ours).filter(|_| COMMON_KEYS.contains(ours));
            let own = settings.remove(*theirs);
            if common.is_some() && own.is_some() && common != own {
                return Err(format!("`{ours}` and `{theirs}` contradict each other; remove the wrong one"));
            }
            settings.extend(own.or(common).map(|value| ((*ours).to_owned(), value)));
        }
        family.without.iter().for_each(|key| drop(settings.remove(*key)));
        settings.entry("model_type").or_insert_with(|| family.model_type.into());
        if let Value::Object(defaults) = (family.defaults)() {
            for (key, value) in defaults {
                settings.entry(key).or_insert(value);
            }
        }
        let mut config: Config = serde_json::from_value(settings.into()).map_err(|e| e.to_string())?;
        config.embedding_size =
            config.embedding_size.filter(|&size| family.projects_embeddings && size != config.hidden_size);
        if config.hidden_act == "gelu_python" {
            config.hidden_act = "gelu".to_owned(); // its old name
        }
        config.check()?;
        config.max_position_embeddings = config.max_position_embeddings.saturating_sub(config.first_position());
        match config.max_position_embeddings {
            0 => Err("`max_position_embeddings` is too small: it leaves no position for a text".to_owned()),
            _ => Ok(config),
        }
    }

    /// `config.json` of an encoder of this shape: the keys of its family only, without `other`.
    pub fn settings(&self) -> Map<String, Value> {
        let family = self.family();
        let shape = Config { other: Map::new(), ..self.clone() };
        let Ok(Value::Object(mut settings)) = serde_json::to_value(shape) else {
            unreachable!("a structure with named fields is a JSON object")
        };
        settings["max_position_embeddings"] = (self.max_position_embeddings + self.first_position()).into();
        if family.projects_embeddings {
            settings.insert("embedding_size".to_owned(), self.word_size().into());
        }
        family.without.iter().for_each(|key| drop(settings.shift_remove(*key)));
        let theirs = |key: String| {
            family.keys.iter().find(|(ours, _)| *ours == key).map_or(key, |(_, theirs)| (*theirs).to_owned())
        };
        settings.into_iter().map(|(key, value)| (theirs(key), value)).collect()
    }

    /// The encoder's family; BERT for a model without an encoder.
    pub fn family(&self) -> &'static Family {
        Family::named(&self.model_type).unwrap_or(&BERT)
    }

    /// The activation in every block's feed-forward half.
    pub fn activation(&self) -> Activation {
        activation(&self.hidden_act).unwrap_or_default()
    }

    /// The row of the position table for the first token of a text.
    pub fn first_position(&self) -> usize {
        if self.family().positions_follow_padding { self.pad_token_id as usize + 1 } else { 0 }
    }

    /// E, the size of a word's vector.
    pub fn word_size(&self) -> usize {
        self.embedding_size.unwrap_or(self.hidden_size)
    }

    fn check(&self) -> Result<(), String> {
        self.check_sizes()?;
        if activation(&self.hidden_act).is_none() {
            let known = "`gelu`, `gelu_new`, `gelu_pytorch_tanh` and `relu`";
            return Err(format!("hidden_act `{}` is not supported; supported are {known}", self.hidden_act));
        }
        self.check_computation()
    }

    fn check_sizes(&self) -> Result<(), String> {
        let Config { hidden_size: h, num_attention_heads: n, .. } = self;
        for (name, size, least, most) in [
            ("vocab_size", self.vocab_size, 1, MOST_WORDS),
            ("hidden_size", *h, 1, MOST),
            ("num_attention_heads", *n, 1, MOST),
            ("intermediate_size", self.intermediate_size, 1, MOST),
            ("max_position_embeddings", self.max_position_embeddings, 1, MOST),
            ("type_vocab_size", self.type_vocab_size, 1, MOST),
            ("embedding_size", self.word_size(), 1, MOST),
            ("num_hidden_layers", self.num_hidden_layers, 0, MOST_BLOCKS),
        ] {
            if !(least..=most).contains(&size) {
                return Err(format!("`{name}` is {size}; it must be from {least} to {most}"));
            }
        }
        if *n == 0 || *h == 0 || h % n != 0 {
            return Err(format!("hidden_size {h} is not a multiple of num_attention_heads {n}"));
        }
        let is_number = |number: f64| number.is_finite() && number >= 0.0;
        match is_number(self.layer_norm_eps) && is_number(self.initializer_range) {
            true => Ok(()),
            false => Err("`layer_norm_eps` and `initializer_range` must be finite and at least 0".to_owned()),
        }
    }

    /// Refuse keys that would change the encoder's computation.
    fn check_computation(&self) -> Result<(), String> {
        let is_set = |key: &&str| match self.other.get(*key) {
            None | Some(Value::Bool(false)) => false,
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            Some(value) => value.as_f64() != Some(0.0),
        };
        if let Some(key) =
            ["is_decoder", "add_cross_attention", "is_encoder_decoder", "pruned_heads"].iter().find(|key| is_set(key))
        {
            return Err(format!(
                "`{key}` is set, but only encoders with full attention and all their attention heads are supported"
            ));
        }
        match self.other.get("position_embedding_type").and_then(Value::as_str) {
            None | Some("absolute") => Ok(()),
            Some(other) => Err(format!("position_embedding_type `{other}` is not supported; only `absolute` is")),
        }
    }
}

/// The activations by their names in transformers; several names mean the same formula.
fn activation(name: &str) -> Option<Activation> {
    match name {
        "gelu" => Some(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_fast" | "gelu_accurate" => {
            Some(Activation::GeluTanh)
        }
        "relu" => Some(Activation::Relu),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(changes: Value) -> Result<Config, String> {
        let mut settings = json!({"model_type": "bert", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 8});
        for (key, value) in changes.as_object().cloned().unwrap_or_default() {
            settings[key] = value;
        }
        let Value::Object(settings) = settings else { unreachable!("made above") };
        Config::from_settings(settings)
    }

    #[test]
    fn missing_and_null_keys_have_the_defaults_of_their_family() {
        let config = read(json!({"model_type": null, "pad_token_id": null})).unwrap();
        let found =
            (config.layer_norm_eps, config.type_vocab_size, config.max_position_embeddings, config.pad_token_id);
        assert_eq!(
            (found, config.hidden_act.as_str(), config.model_type.as_str()),
            ((1e-12, 2, 512, 0), "gelu", "bert")
        );
        assert_eq!(read(json!({"hidden_act": "gelu_python"})).unwrap().hidden_act, "gelu");
        let roberta = read(json!({"model_type": "roberta", "max_position_embeddings": 514})).unwrap();
        assert_eq!((roberta.max_position_embeddings, roberta.first_position()), (512, 2));
    }

    #[test]
    fn keys_that_change_the_computation_are_refused_by_name() {
        for (key, value) in [
            ("is_decoder", json!(true)),
            ("add_cross_attention", json!(true)),
            ("pruned_heads", json!({"0": [1]})),
            ("position_embedding_type", json!("relative_key")),
            ("hidden_act", json!("silu")),
            ("model_type", json!("modernbert")),
        ] {
            let message = read(json!({key: value})).unwrap_err();
            assert!(message.contains(key), "{key}: {message}");
        }
        for harmless in [json!({"is_decoder": false}), json!({"pruned_heads": {}}), json!({"is_decoder": null})] {
            read(harmless).unwrap();
        }
    }

    #[test]
    fn a_key_under_two_names_is_one_setting() {
        let distilbert = |changes: Value| {
            let mut all =
                json!({"model_type": "distilbert", "vocab_size": 9, "intermediate_size": 7, "hidden_act": "relu"});
            all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            read(all)
        };
        let config = distilbert(json!({"n_heads": 2, "hidden_size": 8})).unwrap();
        assert_eq!((config.num_attention_heads, config.hidden_size), (2, 8));
        assert_eq!((config.intermediate_size, &*config.hidden_act), (3072, "gelu"), "only BERT has these names");
        let message = distilbert(json!({"n_heads": 4})).unwrap_err();
        assert!(message.contains("`num_attention_heads` and `n_heads` contradict each other"), "{message}");
    }

    #[test]
    fn settings_have_the_keys_of_the_family_only() {
        let config = read(json!({"dtype": "float16", "auto_map": {"a": "b"}, "_num_labels": 2})).unwrap();
        assert!(["dtype", "auto_map", "_num_labels"].iter().all(|key| !config.settings().contains_key(*key)));
        let distilbert = json!({"model_type": "distilbert", "vocab_size": 9, "dim": 4, "n_layers": 1, "n_heads": 2,
            "hidden_dim": 8, "max_position_embeddings": 16, "activation": "relu"});
        let Value::Object(settings) = distilbert.clone() else { unreachable!("made above") };
        let written = Value::Object(Config::from_settings(settings).unwrap().settings());
        for (key, value) in distilbert.as_object().unwrap() {
            assert_eq!(written[key], *value, "{key}");
        }
        assert!(written.get("type_vocab_size").is_none() && written.get("hidden_size").is_none());
        let roberta = read(json!({"model_type": "camembert", "max_position_embeddings": 514})).unwrap();
        assert_eq!(roberta.settings()["max_position_embeddings"], 514);
    }
}
