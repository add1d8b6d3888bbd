//! A partial download: the version of its bytes, the right to continue it, and its final name.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use anyhow::anyhow;
use records::publish;

use crate::digest::Digest;
use crate::failure::Failure;
use crate::http::Answer;
use crate::origin::Origin;
use crate::sources::{Content, Source};

/// The bytes downloaded so far, with the tag of their version beside them.
pub(crate) struct Unfinished<'a> {
    source: &'a Source,
    /// Path of the partial file.
    pub(crate) path: PathBuf,
    tag: PathBuf,
    /// Its length when it was found.
    length: u64,
}

impl<'a> Unfinished<'a> {
    /// The partial file of `source`, which may not exist yet.
    pub(crate) fn of(source: &'a Source) -> Self {
        let path = publish::partial(&source.path);
        let tag = publish::partial(&source.path.with_added_extension("etag"));
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Unfinished { source, path, tag, length }
    }

    /// Number of bytes that need no new request.
    pub(crate) fn offset(&self) -> u64 {
        if matches!(self.source.content, Content::Text) { 0 } else { self.length }
    }

    /// Whether `answer` continues the existing bytes. Without a digest of the whole file, the tags of both must be
    /// equal.
    pub(crate) fn is_continued_by(&self, answer: &Answer) -> bool {
        match (fs::read_to_string(&self.tag).ok(), &answer.tag) {
            (Some(before), Some(now)) => before == *now,
            _ => self.digest(answer).is_some(),
        }
    }

    /// The digest of the whole file, if it is known.
    pub(crate) fn digest(&self, answer: &Answer) -> Option<Digest> {
        match &self.source.content {
            Content::Published(digest) => Some(digest.clone()),
            _ => answer.sha256.clone(),
        }
    }

    /// Lock the partial file; `None` if another process finished the download while this one waited.
    pub(crate) fn claim(&self) -> Result<Option<File>, Failure> {
        let failed = |error| Failure::Lasting(anyhow::Error::from(records::Error::io("writing", &self.path, error)));
        let file = publish::claim(&self.path).map_err(failed)?;
        if self.source.path.exists() {
            return Ok(fs::remove_file(&self.path).map(|()| None)?);
        }
        match file.metadata().map_err(failed)?.len() == self.length {
            true => Ok(Some(file)),
            false => Err(Failure::Passing(anyhow!("another process is downloading the same file"))),
        }
    }

    /// Keep the first `keeps` bytes of `file`, and store the tag of their version beside it.
    pub(crate) fn begin(&self, file: &File, keeps: u64, answer: &Answer) -> Result<(), Failure> {
        file.set_len(keeps)?; // first: old bytes must not get the new ones' tag
        match &answer.tag {
            Some(tag) if matches!(self.source.content, Content::Weights) => {
                publish::if_changed(&self.tag, tag.as_bytes()).map_err(|error| Failure::Lasting(error.into()))?;
            }
            _ => remove(&self.tag)?,
        }
        Ok(())
    }

    /// Check the whole file, of which `offset` bytes came from earlier tries, and give it its name.
    pub(crate) fn finish(&self, digest: Option<Digest>, offset: u64) -> Result<(), Failure> {
        self.check(digest, offset)?;
        self.reject_web_page()?;
        if let Some(Err(error)) = self.source.origin.as_ref().map(Origin::record) {
            self.discard()?; // the folder belongs to another model
            return Err(Failure::Lasting(error));
        }
        remove(&self.tag)?;
        Ok(publish::rename(&self.path, &self.source.path)?)
    }

    /// Remove the partial file.
    pub(crate) fn discard(&self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        remove(&self.tag)
    }

    /// Compare the digest and remove wrong bytes. If some of them came from an earlier try, another try may succeed.
    fn check(&self, digest: Option<Digest>, offset: u64) -> Result<(), Failure> {
        let Some(difference) = digest.map(|digest| digest.difference(&self.path)).transpose()?.flatten() else {
            return Ok(());
        };
        self.discard()?;
        let error = anyhow!("the download is not the published file: {difference}; it was removed");
        Err(if offset > 0 { Failure::Passing(error) } else { Failure::Lasting(error) })
    }

    /// Reject an empty file or a web page: a proxy or a login page may answer every request with its own.
    fn reject_web_page(&self) -> Result<(), Failure> {
        let mut start = Vec::new();
        File::open(&self.path)?.take(512).read_to_end(&mut start)?;
        let start = start.trim_ascii_start();
        if !start.is_empty() && !start.starts_with(b"<") {
            return Ok(());
        }
        self.discard()?;
        let came = if start.is_empty() { "an empty file" } else { "a web page" };
        Err(Failure::Lasting(anyhow!("the server sent {came} instead; check whether this network requires a login")))
    }
}

fn remove(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
