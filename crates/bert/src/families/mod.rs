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

#[cfg(test)]
mod tests {
    use super::FAMILIES;

    #[test]
    fn every_family_is_documented_and_compared_with_transformers() {
        let settings = include_str!("../../../../pipelines/README.md").to_lowercase();
        let compared = include_str!("../../../../tests/reference/families.py");
        for name in FAMILIES.iter().map(|family| family.model_type) {
            assert!(settings.contains(name), "{name}: add it to the families in `pipelines/README.md`");
            assert!(compared.contains(&format!("    \"{name}\": \"")), "{name}: add it to `FAMILIES` of `families.py`");
        }
    }
}
