//! One file for each family.

pub(crate) mod bert;
pub(crate) mod distilbert;
pub(crate) mod electra;
pub(crate) mod roberta;
