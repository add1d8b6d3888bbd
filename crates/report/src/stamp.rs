//! What `train.json` knows of a run and its streams do not.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The part that is needed here.
#[derive(Deserialize)]
struct Stamp {
    /// Absent in stamps of older versions.
    weights_sha256: Option<String>,
}

/// sha256 of the pretrained weights that the run began with, if it says so.
///
/// # Errors
/// The stamp at `path` cannot be read, or is none.
pub(crate) fn weights_sha256(path: &Path) -> Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = records::regular(path).and_then(std::fs::read).map_err(|e| records::Error::io("reading", path, e))?;
    let none = || format!("`{}` is no stamp of a run: remove the run's folder, then run make", path.display());
    let stamp: Stamp = serde_json::from_slice(&bytes).with_context(none)?;
    Ok(stamp.weights_sha256)
}

#[cfg(test)]
mod tests {
    use records::publish;

    use super::*;

    #[test]
    fn a_stamp_says_its_weights_or_nothing_and_what_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.json");
        assert_eq!(weights_sha256(&path).unwrap(), None);
        for (text, expected) in [("{}", None), (r#"{"run":"a","weights_sha256":"6b"}"#, Some("6b"))] {
            publish::bytes(&path, text.as_bytes()).unwrap();
            assert_eq!(weights_sha256(&path).unwrap().as_deref(), expected);
        }
        publish::bytes(&path, b"{").unwrap();
        let message = format!("{:#}", weights_sha256(&path).unwrap_err());
        assert!(message.contains("train.json` is no stamp of a run: remove the run's folder"), "{message}");
    }
}
