//! DistilBERT (Sanh et al. 2019): BERT's block under other names, without token types and pooler.

use fused::Activation;
use serde_json::{Value, json};

use crate::family::{Family, PoolerActivation};

pub(crate) static DISTILBERT: Family = Family {
    model_type: "distilbert",
    encoder_class: "DistilBertModel",
    classifier_class: "DistilBertForSequenceClassification",
    prefix: "distilbert.",
    keys: &[
        ("hidden_size", "dim"),
        ("num_hidden_layers", "n_layers"),
        ("num_attention_heads", "n_heads"),
        ("intermediate_size", "hidden_dim"),
        ("hidden_act", "activation"),
        ("hidden_dropout_prob", "dropout"),
        ("attention_probs_dropout_prob", "attention_dropout"),
        ("classifier_dropout", "seq_classif_dropout"),
    ],
    without: &["type_vocab_size", "layer_norm_eps"],
    tensors: &[
        ("encoder.layer.", "transformer.layer."),
        (".attention.self.query.", ".attention.q_lin."),
        (".attention.self.key.", ".attention.k_lin."),
        (".attention.self.value.", ".attention.v_lin."),
        (".attention.output.dense.", ".attention.out_lin."),
        (".attention.output.LayerNorm.", ".sa_layer_norm."),
        (".intermediate.dense.", ".ffn.lin1."),
        (".output.dense.", ".ffn.lin2."),
        (".output.LayerNorm.", ".output_layer_norm."),
    ],
    head: &[("pooler.dense.", "pre_classifier.")],
    pooler: PoolerActivation::Of(Activation::Relu),
    has_pooler: false,
    has_token_types: false,
    positions_follow_padding: false,
    projects_embeddings: false,
    defaults,
};

/// The defaults of `DistilBertConfig`, under BERT's names; its LayerNorms have no setting.
fn defaults() -> Value {
    json!({
        "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 6, "num_attention_heads": 12,
        "intermediate_size": 3072, "hidden_act": "gelu", "max_position_embeddings": 512, "type_vocab_size": 1,
        "layer_norm_eps": 1e-12, "initializer_range": 0.02, "pad_token_id": 0,
    })
}
