//! The growing `metrics.jsonl`: lines are appended, never changed.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use records::Error;
use records::metrics::Metric;

/// The training stream of one run.
pub(crate) struct Metrics {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Metrics {
    /// Open the stream and keep its first `bytes`: the rest belongs to an unfinished epoch.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Self, Error> {
        let io = |e| Error::io("writing", path, e);
        if path.is_symlink() {
            return Err(Error::file(path, "is a link, and writing would change its target; remove it"));
        }
        if path.exists() {
            records::regular(path).map_err(io)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length < bytes {
            return Err(Error::file(
                path,
                "is shorter than the checkpoint says; remove the run's folder and train it again",
            ));
        }
        file.set_len(bytes).map_err(io)?;
        Ok(Metrics { path: path.to_owned(), file, bytes })
    }

    /// Bytes written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Append one record.
    pub(crate) fn write(&mut self, metric: &Metric) -> anyhow::Result<()> {
        Ok(self.write_line(&serde_json::to_string(metric)?)?)
    }

    /// Append one line unchanged.
    pub(crate) fn write_line(&mut self, line: &str) -> Result<(), Error> {
        let line = format!("{line}\n");
        self.file.write_all(line.as_bytes()).map_err(|e| Error::io("writing", &self.path, e))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Wait until all lines are on disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(|e| Error::io("writing", &self.path, e))
    }
}
