//! The hub model that a folder holds, recorded beside its files so that models are never mixed.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use records::publish::Pending;
use serde::{Deserialize, Serialize};

/// Upper bound on the bytes of the record.
const MOST_BYTES: u64 = 1 << 16;

/// The folder's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fetched {
    /// The hub's `owner/name`.
    repository: String,
    /// Branch, tag or commit, as given on the command line.
    revision: String,
}

/// The requested model and its folder.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    folder: PathBuf,
    files: Vec<String>,
    asked: Fetched,
}

impl Origin {
    /// `repository` at `revision`, for `folder`; `files` are the names that a model's files have.
    pub(crate) fn new(folder: &Path, files: Vec<String>, repository: &str, revision: &str) -> Self {
        let asked = Fetched { repository: repository.to_owned(), revision: revision.to_owned() };
        Origin { folder: folder.to_owned(), files, asked }
    }

    /// Check that the folder is free for this model. A folder without a record was filled by hand and is free.
    ///
    /// # Errors
    /// The folder holds another model or revision, or its record cannot be read.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.is_recorded().map(drop)
    }

    /// Record the model, before the first file gets its name. A folder with files but no record stays without one.
    ///
    /// # Errors
    /// Those of [`Origin::check`]; or the record cannot be written.
    pub(crate) fn record(&self) -> anyhow::Result<()> {
        let filled = self.files.iter().any(|name| self.folder.join(name).exists()); // first: the record precedes them
        if self.is_recorded()? || filled {
            return Ok(());
        }
        let mut record = Pending::create(&self.path())?; // waits for a process that records a model now
        if self.is_recorded()? {
            return Ok(());
        }
        serde_json::to_writer_pretty(&mut record, &self.asked).context("writing `fetched.json`")?;
        Ok(record.publish()?)
    }

    /// Whether the record names this model.
    fn is_recorded(&self) -> anyhow::Result<bool> {
        let (folder, asked) = (self.folder.display(), &self.asked);
        let unreadable =
            || format!("`{folder}` does not say which model it holds; choose another `--out`, or remove that folder");
        let Some(found) = self.read().with_context(unreadable)? else { return Ok(false) };
        ensure!(
            found == *asked,
            "`{folder}` holds `{}` at revision `{}`, not `{}` at `{}`; choose another `--out`, or remove that folder",
            found.repository,
            found.revision,
            asked.repository,
            asked.revision
        );
        Ok(true)
    }

    fn read(&self) -> anyhow::Result<Option<Fetched>> {
        let path = self.path();
        let reading = || format!("reading `{}`", path.display());
        let mut text = String::new();
        match records::regular(&path).and_then(File::open) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text)).with_context(reading)?,
        };
        serde_json::from_str(&text).map(Some).with_context(reading)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("fetched.json")
    }
}
