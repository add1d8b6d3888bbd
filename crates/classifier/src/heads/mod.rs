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
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// What a head may read.
pub struct Features {
    /// Every hidden state, or the pooled `[CLS]` if the head asked for the pooler.
    pub encoded: Encoded,
    /// How the examples lie in the hidden states.
    pub layout: Arc<Layout>,
}

/// The sizes a head is built for.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// H
    pub hidden_size: usize,
    /// K
    pub depth: usize,
    /// P at most: what the data were cut to.
    pub positions: usize,
    /// C
    pub classes: usize,
    /// Share of the classifier's input set to zero while training.
    pub dropout: f64,
}

/// What a head asks of what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The pooled `[CLS]`, and nothing else.
    pub pooler: Option<Pooler>,
    /// Every example padded to the limit that the data were cut to.
    pub full_length: bool,
}

/// Where the pooler's numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooler {
    /// The encoder's own.
    #[default]
    Pretrained,
    /// Drawn as Hugging Face initialises it: normal weights, zero biases. (The source, where it re-initialises,
    /// sets every weight to one, so that all outputs are equal.)
    Reinitialised,
}

/// From the list of heads: the configuration that a study file names, and the module it builds.
macro_rules! heads {
    ($($name:ident => $module:ident),+ $(,)?) => {
        /// A head as a study file asks for it: `{ kind = "cls-linear" }`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case")]
        pub enum HeadConfig {
            $(#[doc = concat!("See `heads/", stringify!($module), ".rs`.")] $name($module::Config),)+
        }

        /// A head: from what the encoder makes of a batch to logits.
        #[derive(Module, Debug)]
        pub enum Head {
            $(#[doc = concat!("See `heads/", stringify!($module), ".rs`.")] $name($module::Head),)+
        }

        impl HeadConfig {
            /// A head whose numbers are still to be filled in.
            pub fn init(&self, sizes: Sizes, device: &Device) -> Head {
                match self { $(HeadConfig::$name(config) => Head::$name($module::init(config, sizes, device)),)+ }
            }

            /// What the head asks of what is below it.
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
    fn a_typo_in_a_head_is_answered_with_what_exists() {
        let refused = |value| HeadConfig::from_value(value).unwrap_err();
        assert_eq!(
            refused(json!({"kind": "bilstn"})),
            "unknown head `bilstn`, expected one of `cls-linear`, `flatten-linear`, `mean-linear`, `bilstm`, \
             `concat-bilstm`"
        );
        assert!(refused(json!({"kind": "cls-linear", "size": 3})).contains("unknown field `size`"));
        assert!(refused(json!({"kind": "bilstm", "read_out": "last"})).contains("`ends`"));
        assert!(refused(json!({"kind": "concat-bilstm", "layers": 0})).contains("`layers` must be from 1 to 16"));
    }

    #[test]
    fn a_head_says_what_it_needs_below_it() {
        let needs = |value| HeadConfig::from_value(value).unwrap().needs();
        assert_eq!(needs(json!({"kind": "cls-linear"})).pooler, Some(Pooler::Pretrained));
        let drawn = needs(json!({"kind": "cls-linear", "pooler": "reinitialised"}));
        assert_eq!(drawn.pooler, Some(Pooler::Reinitialised));
        assert!(needs(json!({"kind": "bilstm", "read_out": "first-padding"})).full_length);
        assert!(!needs(json!({"kind": "bilstm"})).full_length);
    }
}
