//! The names of the files of a run.

use std::path::{Path, PathBuf};

use crate::Split;

/// Every run of the configuration that `named` means, a name such as `out/sample/runs/3VA`: each folder `3VA-s<seed>` in
/// `out/sample/runs`, by seed. None if there is no such folder.
pub fn seeds_of(named: &Path) -> Vec<PathBuf> {
    let name = named.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let beside = named.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(beside).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<(u64, PathBuf)> =
        entries.filter(|path| path.is_dir()).filter_map(|path| Some((seed_of(&path, &name)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// The number in `<configuration>-s<seed>`.
fn seed_of(path: &Path, configuration: &str) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(configuration)?.strip_prefix("-s")?.parse().ok()
}

/// A run's directory: `out/<study>/runs/<run>`.
#[derive(Debug, Clone)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// The run in `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        RunDir(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The resolved configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// The training stream.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// The lock of the process that trains the run.
    pub fn lock(&self) -> PathBuf {
        self.0.join(".lock")
    }

    /// All checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// The checkpoint after `epoch`.
    pub fn checkpoint(&self, epoch: usize) -> PathBuf {
        self.checkpoints().join(format!("epoch-{epoch:02}"))
    }

    /// The chosen epoch as a Hugging Face folder.
    pub fn model(&self) -> PathBuf {
        self.0.join("model")
    }

    /// The stamp of a finished run; `train` writes it last.
    pub fn stamp(&self) -> PathBuf {
        self.0.join("train.json")
    }

    /// The latency on this device.
    pub fn latency(&self) -> PathBuf {
        self.0.join("latency.json")
    }

    /// The predictions of a split.
    pub fn predictions(&self, split: Split) -> PathBuf {
        self.0.join(format!("predictions.{split}.jsonl"))
    }
}

#[cfg(test)]
mod tests {
    use super::seeds_of;

    #[test]
    fn a_configuration_is_all_of_its_seeds_in_order_and_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for run in ["3VA-s10", "3VA-s2", "3VA-sx", "33VA-s1", "3VA-s1-old"] {
            std::fs::create_dir(folder.path().join(run)).unwrap();
        }
        crate::publish::bytes(&folder.path().join("3VA-s3"), b"a file").unwrap();
        let found = |name: &str| -> Vec<String> {
            let folders = seeds_of(&folder.path().join(name));
            folders.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(found("3VA"), ["3VA-s2", "3VA-s10"]);
        assert!(found("3VA-s2").is_empty() && found("4VA").is_empty() && found("no/4VA").is_empty());
    }
}
