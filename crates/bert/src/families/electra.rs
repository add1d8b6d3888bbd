//! ELECTRA (Clark et al. 2020): BERT with word vectors of another size.

use fused::Activation;
use serde_json::{Value, json};

use crate::family::{Family, PoolerActivation};

pub(crate) static ELECTRA: Family = Family {
    model_type: "electra",
    encoder_class: "ElectraModel",
    classifier_class: "ElectraForSequenceClassification",
    prefix: "electra.",
    keys: &[],
    without: &[],
    tensors: &[("embeddings.projection.", "embeddings_project.")],
    head: &[("pooler.dense.", "classifier.dense."), ("classifier.", "classifier.out_proj.")],
    pooler: PoolerActivation::Of(Activation::Gelu),
    has_pooler: false,
    has_token_types: true,
    positions_follow_padding: false,
    projects_embeddings: true,
    defaults,
};

/// The defaults of `ElectraConfig`.
fn defaults() -> Value {
    json!({
        "vocab_size": 30522, "embedding_size": 128, "hidden_size": 256, "num_hidden_layers": 12,
        "num_attention_heads": 4, "intermediate_size": 1024, "hidden_act": "gelu", "max_position_embeddings": 512,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12, "initializer_range": 0.02, "pad_token_id": 0,
    })
}
