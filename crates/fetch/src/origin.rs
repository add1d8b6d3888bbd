//! Which model of the hub a folder holds: remembered beside its files, lest another be taken for it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use records::publish::Pending;
use serde::{Deserialize, Serialize};

use crate::sources;

/// Nobody needs more to name a repository and a revision.
const MOST_BYTES: u64 = 1 << 16;

/// What a folder says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fetched {
    /// The hub's `owner/name`.
    repository: String,
    /// Branch, tag or commit, as it was asked for.
    revision: String,
}

/// What is asked for, and the folder that is to get it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    folder: PathBuf,
    asked: Fetched,
}

impl Origin {
    /// `repository` at `revision`, for `folder`.
    pub(crate) fn new(folder: &Path, repository: &str, revision: &str) -> Self {
        let asked = Fetched { repository: repository.to_owned(), revision: revision.to_owned() };
        Origin { folder: folder.to_owned(), asked }
    }

    /// Find out whether the folder is free for this. One that says nothing of itself is: it was filled by hand.
    ///
    /// # Errors
    /// It holds another model or another revision, or what it says of itself cannot be read.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.said().map(drop)
    }

    /// To be called before a file gets its name in the folder. Where some are without a word whose they are, none is said.
    ///
    /// # Errors
    /// As [`Origin::check`]; or it cannot be written.
    pub(crate) fn remember(&self) -> anyhow::Result<()> {
        let filled = sources::model_files().any(|name| self.folder.join(name).exists()); // first: the word comes before them
        if self.said()? || filled {
            return Ok(());
        }
        let mut word = Pending::create(&self.path())?; // waits for whoever says it just now, perhaps of another
        if self.said()? {
            return Ok(());
        }
        serde_json::to_writer_pretty(&mut word, &self.asked).context("writing `fetched.json`")?;
        Ok(word.publish()?)
    }

    /// Whether the folder says that it holds just this.
    fn said(&self) -> anyhow::Result<bool> {
        let (folder, asked) = (self.folder.display(), &self.asked);
        let lost =
            || format!("`{folder}` does not say which model it holds; choose another `--out`, or remove that folder");
        let Some(there) = self.there().with_context(lost)? else { return Ok(false) };
        ensure!(
            there == *asked,
            "`{folder}` holds `{}` at revision `{}`, not `{}` at `{}`; choose another `--out`, or remove that folder",
            there.repository,
            there.revision,
            asked.repository,
            asked.revision
        );
        Ok(true)
    }

    fn there(&self) -> anyhow::Result<Option<Fetched>> {
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
