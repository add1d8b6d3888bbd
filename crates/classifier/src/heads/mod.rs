//! `heads! { … }`: one line per head.

mod cls_linear;
mod mean_linear;

use bert::Encoded;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// What a head may read.
pub struct Features {
    /// Every hidden state, and the pooled `[CLS]` if the head asked for the pooler.
    pub encoded: Encoded,
    /// `[B, P]`: 1 at real tokens, 0 at padding.
    pub real: Tensor<2>,
}

/// The sizes a head is built for.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// H
    pub hidden_size: usize,
    /// C
    pub classes: usize,
    /// Share of the classifier's input set to zero while training.
    pub dropout: f64,
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
                match self { $(HeadConfig::$name(config) => Head::$name(config.init(sizes, device)),)+ }
            }

            /// Whether the head reads the pooled `[CLS]`.
            pub fn reads_pooler(&self) -> bool {
                match self { $(HeadConfig::$name(_) => $module::READS_POOLER,)+ }
            }
        }

        impl Head {
            /// Returns `[B, C]` logits, not normalised.
            pub fn forward(&self, features: Features) -> Tensor<2> {
                match self { $(Head::$name(head) => head.forward(features),)+ }
            }
        }
    };
}

heads! {
    ClsLinear => cls_linear,
    MeanLinear => mean_linear,
}

impl HeadConfig {
    /// Read `{ kind, …options }`.
    ///
    /// # Errors
    /// An unknown kind or option; the message lists what exists.
    pub fn from_value(value: serde_json::Value) -> Result<Self, String> {
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        serde_json::from_value(value).map_err(|e| {
            let message = e.to_string();
            match message.strip_prefix("unknown variant") {
                Some(rest) => format!("unknown head{rest}"),
                None => format!("head `{kind}`: {message}"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::HeadConfig;
    use serde_json::json;

    #[test]
    fn a_typo_in_a_head_is_answered_with_what_exists() {
        let refused = |value| HeadConfig::from_value(value).unwrap_err();
        assert_eq!(
            refused(json!({"kind": "cls-liner"})),
            "unknown head `cls-liner`, expected `cls-linear` or `mean-linear`"
        );
        assert!(refused(json!({"kind": "cls-linear", "size": 3})).contains("unknown field `size`"));
        assert!(HeadConfig::from_value(json!({"kind": "cls-linear"})).unwrap().reads_pooler());
    }
}
