//! The differences between families of encoders: one table for each, under `families/`.
//!
//! In memory, every encoder has BERT's names for the keys of `config.json` and for tensors. A family maps them to the
//! names in its files, and lists its few differences in computation.

use fused::Activation;
use serde_json::{Map, Value};

use crate::Role;
use crate::families::{FAMILIES, bert};

/// One family, as in transformers.
#[derive(Debug)]
pub struct Family {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    /// The encoder's class in transformers, such as `BertModel`.
    pub encoder_class: &'static str,
    /// The class of a classifier on top of it.
    pub classifier_class: &'static str,
    /// The prefix of an encoder's tensors in a file with a head.
    pub prefix: &'static str,
    /// BERT's key in `config.json`, and the family's key.
    pub keys: &'static [(&'static str, &'static str)],
    /// BERT's keys that the family's configuration lacks; their values are in `defaults`.
    pub without: &'static [&'static str],
    /// BERT's part of a tensor's name, and the family's part; longer parts come first.
    pub tensors: &'static [(&'static str, &'static str)],
    /// BERT's name of a head's tensor, and the family's name in a classifier.
    pub head: &'static [(&'static str, &'static str)],
    /// The function after the pooler's linear layer.
    pub pooler: PoolerActivation,
    /// Whether the encoder itself has a pooler, which may then be pretrained.
    pub has_pooler: bool,
    /// Whether tokens have types.
    pub has_token_types: bool,
    /// Whether positions start after the padding id instead of at 0.
    pub positions_follow_padding: bool,
    /// Whether word vectors may differ in size from hidden states.
    pub projects_embeddings: bool,
    /// The values of keys that `config.json` lacks: the defaults of the configuration's class in transformers.
    pub defaults: fn() -> Value,
}

/// The function on the output of the pooler's linear layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PoolerActivation {
    /// BERT's function.
    Tanh,
    /// An activation that blocks use, too.
    Of(Activation),
}

/// Well-known unsupported encoders, and the missing parts.
const REFUSED: [(&str, &str); 4] = [
    ("modernbert", "rotary positions, local attention and gated feed-forward layers"),
    ("deberta", "disentangled attention over relative positions"),
    ("deberta-v2", "disentangled attention over relative positions"),
    ("albert", "blocks that share their parameters"),
];

impl Family {
    /// The family of a `config.json`. Without `model_type` it is BERT, if the other keys fit.
    ///
    /// # Errors
    /// The family is not supported.
    pub(crate) fn of(config: &Map<String, Value>) -> Result<&'static Family, String> {
        let known = || FAMILIES.iter().map(|family| format!("`{}`", family.model_type)).collect::<Vec<_>>().join(", ");
        let Some(model_type) = config.get("model_type").and_then(Value::as_str) else {
            let fits = ["vocab_size", "hidden_size", "num_hidden_layers"].iter().all(|key| config.contains_key(*key));
            return fits.then_some(&bert::BERT).ok_or_else(|| {
                format!("has no `model_type` and lacks keys that BERT needs; add the `model_type`, one of {}", known())
            });
        };
        let needs = REFUSED.iter().find(|(name, _)| *name == model_type);
        Self::named(model_type).ok_or_else(|| match needs {
            Some((_, needs)) => {
                format!(
                    "model_type `{model_type}` is not supported, because it needs {needs}; supported are {}",
                    known()
                )
            }
            None => format!("model_type `{model_type}` is not supported; supported are {}", known()),
        })
    }

    /// The family with this `model_type`.
    pub(crate) fn named(model_type: &str) -> Option<&'static Family> {
        FAMILIES.iter().copied().find(|family| family.model_type == model_type)
    }

    /// The family's name for BERT's key in `config.json`.
    pub fn key<'a>(&self, ours: &'a str) -> &'a str {
        self.keys.iter().find(|(key, _)| *key == ours).map_or(ours, |(_, theirs)| theirs)
    }

    /// BERT's name for the tensor that a file of this family calls `spelled`.
    pub(crate) fn canonical(&self, spelled: &str) -> String {
        let name = self.stripped(spelled);
        if let Some((ours, theirs)) = self.head.iter().find(|(_, theirs)| name.starts_with(theirs)) {
            return name.replacen(theirs, ours, 1);
        }
        if name.starts_with("classifier.") && self.head.iter().any(|(ours, _)| *ours == "classifier.") {
            return format!("other.{name}"); // of a head for another task, such as token classification
        }
        let translated = |name: String, (ours, theirs): &(&str, &str)| name.replacen(theirs, ours, 1);
        self.tensors.iter().fold(name, translated)
    }

    /// Whether a file calls a tensor of this family's own head `spelled`.
    pub(crate) fn is_head(&self, spelled: &str) -> bool {
        let name = self.stripped(spelled);
        self.head.iter().any(|(_, theirs)| name.starts_with(theirs))
    }

    /// A name without prefixes, in today's spelling.
    fn stripped(&self, spelled: &str) -> String {
        let mut name = spelled;
        let wrappers = ["module.", "_orig_mod.", "model.", "model_state_dict.", "state_dict.", self.prefix, "bert."];
        while let Some(rest) = wrappers.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
            name = rest;
        }
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
    }

    /// The name of BERT's tensor `name` in a file of this family with a head.
    pub fn spelled(&self, name: &str) -> String {
        if let Some((ours, theirs)) = self.head.iter().find(|(ours, _)| name.starts_with(ours)) {
            return name.replacen(ours, theirs, 1);
        }
        if Role::of(name) == Role::Head {
            return name.to_owned();
        }
        let translated = |name: String, (ours, theirs): &(&str, &str)| name.replacen(ours, theirs, 1);
        format!("{}{}", self.prefix, self.tensors.iter().fold(name.to_owned(), translated))
    }
}
