//! What both towers must agree on: number formats, the depth of an encoder, and errors of files.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most blocks that an encoder may have. A file that claims more is damaged or made to fill memory.
pub const MOST_BLOCKS: usize = 1000;

/// The number format of the matrix products. Master weights, LayerNorm, softmax statistics, residual sums and the loss
/// are fp32 in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit throughout.
    #[default]
    Fp32,
    /// bfloat16 inside the blocks; LibTorch only, the plain twin computes in fp32.
    Bf16,
}

impl Precision {
    /// Every format.
    pub const ALL: [Precision; 2] = [Precision::Fp32, Precision::Bf16];

    /// Its name in a study file.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Fp32 => "fp32",
            Precision::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Precision::ALL.into_iter().find(|precision| precision.name() == text);
        found.ok_or_else(|| format!("unknown precision `{text}`, expected `fp32` or `bf16`"))
    }
}

/// A file that could not be read, written or renamed.
#[derive(Debug, thiserror::Error)]
#[error("{action} `{path}`: {source}")]
pub struct FileError {
    /// What was being done, such as `reading`.
    action: &'static str,
    path: String,
    source: std::io::Error,
}

impl FileError {
    /// `source`, which ended `action` on `path`.
    pub fn new(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        FileError { action, path: path.display().to_string(), source }
    }
}

/// `path`, if it names a regular file. Pipes and devices are refused: reading one may never end.
///
/// # Errors
/// Nothing is there, or it is not a regular file.
pub fn regular(path: &Path) -> std::io::Result<&Path> {
    let is_file = std::fs::metadata(path)?.is_file();
    is_file.then_some(path).ok_or_else(|| std::io::Error::other("is not a regular file"))
}

#[cfg(test)]
mod tests {
    use super::Precision;

    #[test]
    fn every_precision_is_read_back_from_its_name() {
        assert!(Precision::ALL.into_iter().all(|precision| precision.to_string().parse() == Ok(precision)));
        assert!("fp64".parse::<Precision>().is_err());
    }
}
