//! `heads! { … }`: one line per head.

mod bilstm;
mod cls_linear;
mod concat_bilstm;
mod flatten_linear;
mod linear;
mod mean_linear;
mod recurrent;

use std::sync::Arc;

use bert::{Encoded, Layout};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::draws::Draws;

/// The input of a head.
pub struct Features {
    /// Every hidden state, or the pooled `[CLS]` if the head needs the pooler.
    pub encoded: Encoded,
    /// The rows of each example in the hidden states.
    pub layout: Arc<Layout>,
}

/// The sizes that a head is built for.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// H
    pub hidden_size: usize,
    /// K
    pub depth: usize,
    /// Upper bound on P, from truncation.
    pub positions: usize,
    /// C
    pub classes: usize,
    /// Dropout on the classifier's input while training.
    pub dropout: f64,
}

/// What a head needs from the layers below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The pooled `[CLS]` only.
    pub pooler: Option<Pooler>,
    /// Every example padded to the truncation limit.
    pub full_length: bool,
    /// Several threads even in a small model, for its steps from token to token.
    pub recurrent: bool,
}

/// The source of the pooler's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooler {
    /// The encoder's own.
    #[default]
    Pretrained,
    /// Initialised as Hugging Face does: normal weights, zero biases. (The source study, where it re-initialises, sets
    /// every weight to one, so that all outputs are equal.)
    Reinitialised,
}

/// From the list of heads: the configuration in a study file, and the module that it builds.
macro_rules! heads {
    ($($name:ident => $module:ident),+ $(,)?) => {
        /// A head in a study file: `{ kind = "cls-linear" }`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case")]
        pub enum HeadConfig {
            $(#[doc = concat!("See `heads/", stringify!($module), ".rs`.")] $name($module::Config),)+
        }

        /// A head: from the encoder's output to logits.
        #[derive(Module, Debug)]
        pub enum Head {
            $(#[doc = concat!("See `heads/", stringify!($module), ".rs`.")] $name($module::Head),)+
        }

        impl HeadConfig {
            /// A head whose numbers come from `draws`.
            pub(crate) fn init(&self, sizes: Sizes, draws: &Draws<'_>) -> Head {
                match self {
                    $(HeadConfig::$name(config) => {
                        Head::$name($module::init(config, sizes, &draws.part(stringify!($name))))
                    })+
                }
            }

            /// What the head needs from the layers below it.
            pub fn needs(&self) -> Needs {
                match self { $(HeadConfig::$name(config) => config.needs(),)+ }
            }

            fn check(&self) -> Result<(), String> {
                match self { $(HeadConfig::$name(config) => config.check(),)+ }
            }
        }

        impl Head {
            /// Returns `[B, C]` logits, not normalised.
            pub fn forward(&self, features: Features) -> Tensor<2> {
                match self { $(Head::$name(head) => $module::forward(head, features),)+ }
            }
        }
    };
}

heads! {
    ClsLinear => cls_linear,
    FlattenLinear => flatten_linear,
    MeanLinear => mean_linear,
    Bilstm => bilstm,
    ConcatBilstm => concat_bilstm,
}

impl HeadConfig {
    /// Read `{ kind, …options }`.
    ///
    /// # Errors
    /// An unknown kind or option, or an option out of range; the message lists what exists.
    pub fn from_value(value: serde_json::Value) -> Result<Self, String> {
        let head: HeadConfig = crate::component::from_value("head", value)?;
        head.check().map_err(|message| format!("head: {message}"))?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::{HeadConfig, Pooler};
    use serde_json::json;

    #[test]
    fn a_typo_in_a_head_lists_the_known_ones() {
        let refused = |value| HeadConfig::from_value(value).unwrap_err();
        let message = refused(json!({"kind": "bilstn"}));
        let list = "unknown head `bilstn`, expected one of `cls-linear`, `flatten-linear`, `mean-linear`, `bilstm`";
        assert!(message.starts_with(list), "{message}");
        assert!(refused(json!({"kind": "cls-linear", "size": 3})).contains("unknown field `size`"));
        assert!(refused(json!({"kind": "bilstm", "read_out": "last"})).contains("`ends`"));
        assert!(refused(json!({"kind": "concat-bilstm", "layers": 0})).contains("`layers` must be from 1 to 16"));
    }

    #[test]
    fn a_head_declares_its_needs() {
        let needs = |value| HeadConfig::from_value(value).unwrap().needs();
        assert_eq!(needs(json!({"kind": "cls-linear"})).pooler, Some(Pooler::Pretrained));
        let drawn = needs(json!({"kind": "cls-linear", "pooler": "reinitialised"}));
        assert_eq!(drawn.pooler, Some(Pooler::Reinitialised));
        assert!(needs(json!({"kind": "bilstm", "read_out": "first-padding"})).full_length);
        let lstm = needs(json!({"kind": "bilstm"}));
        assert!(lstm.recurrent && !lstm.full_length && !needs(json!({"kind": "mean-linear"})).recurrent);
    }
}
