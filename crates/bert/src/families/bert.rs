//! BERT (Devlin et al. 2019).

use serde_json::{Value, json};

use crate::family::{Family, PoolerActivation};

/// BERT's own names, to which all other families are translated.
pub(crate) static BERT: Family = Family {
    model_type: "bert",
    encoder_class: "BertModel",
    classifier_class: "BertForSequenceClassification",
    prefix: "bert.",
    keys: &[],
    without: &[],
    tensors: &[],
    head: &[],
    pooler: PoolerActivation::Tanh,
    has_pooler: true,
    has_token_types: true,
    positions_follow_padding: false,
    projects_embeddings: false,
    defaults,
};

/// The defaults of `BertConfig`.
pub(super) fn defaults() -> Value {
    json!({
        "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
        "intermediate_size": 3072, "hidden_act": "gelu", "max_position_embeddings": 512, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "initializer_range": 0.02, "pad_token_id": 0,
    })
}
