//! How many tokens a model reads, by the `config.json` of its folder.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;
use study::{Configuration, ModelKind, Study};

use crate::files::object;

/// Tokens at most, by `max_position_embeddings`; `None` if `config` does not say. RoBERTa and its descendants begin to
/// count behind the padding id, which is 1.
pub fn positions(config: &Value) -> Option<usize> {
    let skips = config["model_type"].as_str().is_some_and(|family| family.contains("roberta") || family == "camembert");
    let all = usize::try_from(config["max_position_embeddings"].as_u64()?).ok()?;
    Some(all.saturating_sub(if skips { 2 } else { 0 }))
}

/// Check `max_seq_length` of `study` against each encoder that is in the folder `models`.
///
/// # Errors
/// A row reads the positions of an encoder that has fewer, or a `config.json` is damaged.
pub fn check_length(study: &Study, models: &Path) -> Result<()> {
    let (name, length) = (&study.name, study.data.max_seq_length);
    let reads = |run: &Configuration| run.model_kind() == ModelKind::Network && run.embeddings.kind == "pretrained";
    for run in study.configurations()?.iter().filter(|run| reads(run)) {
        let folder = models.join(&run.encoder);
        let Some(positions) = object(&folder.join("config.json"))?.as_ref().and_then(positions) else { continue };
        ensure!(
            length <= positions,
            "study `{name}`: `max_seq_length` is {length}, but `{}` has only {positions} positions; lower it",
            folder.display()
        );
    }
    Ok(())
}
