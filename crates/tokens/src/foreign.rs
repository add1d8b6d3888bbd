//! Texts that a vocabulary cannot spell.

use std::path::Path;

/// A larger share of unknown tokens says that the vocabulary is of another language or script.
const MANY_UNKNOWN: f64 = 0.01;

/// What to say where `share` of the tokens are unknown; `None` where they are few. `models` is the folder for a model of many
/// languages, and `then` says how the study gets it.
pub fn foreign_to(share: f64, models: &Path, then: &str) -> Option<String> {
    let models = models.display();
    let told = format!(
        "the vocabulary cannot spell {:.1} % of the tokens; for another language run `fetch model \
         FacebookAI/xlm-roberta-base --out {models}`, {then}",
        100.0 * share
    );
    (share > MANY_UNKNOWN).then_some(told)
}
