//! A file that gets its final name when it is complete.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{claim, partial, rename};
use crate::Error;

/// An unfinished file. Bytes go to its `.partial`, which gets the final name on [`Pending::publish`] and is otherwise removed.
#[derive(Debug)]
pub struct Pending {
    path: PathBuf,
    unfinished: PathBuf,
    output: BufWriter<File>,
    published: bool,
}

impl Pending {
    /// Begin the file for `path`.
    ///
    /// # Errors
    /// Its folder or its `.partial` cannot be made.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let unfinished = partial(path);
        let emptied = claim(&unfinished).and_then(|file| file.set_len(0).and(Ok(file)));
        let file = emptied.map_err(|e| Error::io("writing", path, e))?;
        Ok(Pending { path: path.to_owned(), unfinished, output: BufWriter::new(file), published: false })
    }

    /// `error` with the final name of the file.
    pub(super) fn named(&self, error: std::io::Error) -> std::io::Error {
        std::io::Error::new(error.kind(), format!("`{}`: {error}", self.path.display()))
    }

    /// Give the file its final name.
    ///
    /// # Errors
    /// Writing, syncing or renaming failed; the previous file, if any, is intact.
    pub fn publish(mut self) -> Result<(), Error> {
        let written = self.output.flush().and_then(|()| self.output.get_ref().sync_all());
        let published = written.and_then(|()| rename(&self.unfinished, &self.path));
        self.published = published.is_ok();
        published.map_err(|e| Error::io("writing", &self.path, e))
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.published {
            fs::remove_file(&self.unfinished).unwrap_or_default(); // no caller is left to report an error to
        }
    }
}
