//! RoBERTa (Liu et al. 2019) and its relatives XLM-RoBERTa (Conneau et al. 2020) and CamemBERT (Martin et al. 2020):
//! BERT's blocks, with positions that start after the padding id.

use serde_json::{Value, json};

use crate::family::{Family, PoolerActivation};

/// The common part of the three, under RoBERTa's names.
const SHARED: Family = Family {
    model_type: "roberta",
    encoder_class: "RobertaModel",
    classifier_class: "RobertaForSequenceClassification",
    prefix: "roberta.",
    keys: &[],
    without: &[],
    tensors: &[],
    head: &[("pooler.dense.", "classifier.dense."), ("classifier.", "classifier.out_proj.")],
    pooler: PoolerActivation::Tanh,
    has_pooler: true,
    has_token_types: true,
    positions_follow_padding: true,
    projects_embeddings: false,
    defaults,
};

pub(crate) static ROBERTA: Family = SHARED;

pub(crate) static XLM_ROBERTA: Family = Family {
    model_type: "xlm-roberta",
    encoder_class: "XLMRobertaModel",
    classifier_class: "XLMRobertaForSequenceClassification",
    ..SHARED
};

pub(crate) static CAMEMBERT: Family = Family {
    model_type: "camembert",
    encoder_class: "CamembertModel",
    classifier_class: "CamembertForSequenceClassification",
    ..SHARED
};

/// The defaults of the three configurations' classes, which are equal.
fn defaults() -> Value {
    let mut defaults = super::bert::defaults();
    defaults["pad_token_id"] = json!(1);
    defaults
}
