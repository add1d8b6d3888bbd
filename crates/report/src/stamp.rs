//! What `train.json` records of a run and its streams do not.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The fields that are used here; absent in stamps of older versions, empty where they do not apply.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Stamp {
    /// sha256 of the pretrained weights that the run began with.
    pub(crate) weights_sha256: Option<String>,
    /// sha256 of the encoder's shape: heads, widths, epsilon.
    pub(crate) encoder_sha256: Option<String>,
}

/// The stamp at `path`; an empty one if there is no file.
///
/// # Errors
/// The stamp cannot be read, or is not valid.
pub(crate) fn read(path: &Path) -> Result<Stamp> {
    if !path.exists() {
        return Ok(Stamp::default());
    }
    let bytes = records::regular(path).and_then(std::fs::read).map_err(|e| records::Error::io("reading", path, e))?;
    let none = || format!("`{}` is not a valid stamp: remove the run's folder, then run make", path.display());
    serde_json::from_slice(&bytes).with_context(none)
}

#[cfg(test)]
mod tests {
    use records::publish;

    use super::*;

    #[test]
    fn weights_are_optional_and_an_invalid_stamp_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.json");
        assert_eq!(read(&path).unwrap(), Stamp::default());
        for (text, expected) in [("{}", None), (r#"{"run":"a","weights_sha256":"6b"}"#, Some("6b"))] {
            publish::bytes(&path, text.as_bytes()).unwrap();
            assert_eq!(read(&path).unwrap().weights_sha256.as_deref(), expected);
        }
        publish::bytes(&path, b"{").unwrap();
        let message = format!("{:#}", read(&path).unwrap_err());
        assert!(message.contains("train.json` is not a valid stamp: remove the run's folder"), "{message}");
    }
}
