//! One file a family.

pub(crate) mod bert;
pub(crate) mod distilbert;
pub(crate) mod electra;
pub(crate) mod roberta;
