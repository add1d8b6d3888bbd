//! One file for each family, and a line in [`FAMILIES`].

pub(crate) mod bert;
mod distilbert;
mod electra;
mod roberta;

use crate::Family;

/// Every supported family.
pub static FAMILIES: &[&Family] = &[
    &bert::BERT,
    &distilbert::DISTILBERT,
    &roberta::ROBERTA,
    &roberta::XLM_ROBERTA,
    &roberta::CAMEMBERT,
    &electra::ELECTRA,
];
