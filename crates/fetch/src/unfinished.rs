//! What is there of a file that is not whole: whose bytes it holds, who may go on with it, and how it gets its name.

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

/// The bytes that came so far, and beside them the tag of the version they are of.
pub(crate) struct Unfinished<'a> {
    source: &'a Source,
    /// Where the bytes are.
    pub(crate) path: PathBuf,
    tag: PathBuf,
    /// How many they were when we looked.
    there: u64,
}

impl<'a> Unfinished<'a> {
    /// What is there of `source`.
    pub(crate) fn of(source: &'a Source) -> Self {
        let path = publish::partial(&source.path);
        let tag = publish::partial(&source.path.with_added_extension("etag"));
        let there = fs::metadata(&path).map_or(0, |brought| brought.len());
        Unfinished { source, path, tag, there }
    }

    /// How many bytes need not be asked for.
    pub(crate) fn offset(&self) -> u64 {
        if matches!(self.source.content, Content::Text) { 0 } else { self.there }
    }

    /// Whether `answer` goes on with the bytes that are there. Where no digest of the whole would find it out afterwards, both
    /// must have been called the same.
    pub(crate) fn is_gone_on_with(&self, answer: &Answer) -> bool {
        match (fs::read_to_string(&self.tag).ok(), &answer.tag) {
            (Some(before), Some(now)) => before == *now,
            _ => self.digest(answer).is_some(),
        }
    }

    /// What the whole must hash to, as far as it is known.
    pub(crate) fn digest(&self, answer: &Answer) -> Option<Digest> {
        match &self.source.content {
            Content::Published(digest) => Some(digest.clone()),
            _ => answer.sha256.clone(),
        }
    }

    /// The file for us alone; nothing where somebody else, whom we waited for, has brought the whole.
    pub(crate) fn claim(&self) -> Result<Option<File>, Failure> {
        let told = |error| Failure::Lasting(anyhow::Error::from(records::Error::io("writing", &self.path, error)));
        let file = publish::claim(&self.path).map_err(told)?;
        if self.source.path.exists() {
            return Ok(fs::remove_file(&self.path).map(|()| None)?);
        }
        match file.metadata().map_err(told)?.len() == self.there {
            true => Ok(Some(file)),
            false => Err(Failure::Passing(anyhow!("another process is downloading the same file"))),
        }
    }

    /// Keep the first `keeps` bytes of `file`, and beside them what tells whose they and the next ones are.
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

    /// Check the whole, of which `offset` bytes came from earlier tries, and give it its name.
    pub(crate) fn name(&self, digest: Option<Digest>, offset: u64) -> Result<(), Failure> {
        self.check(digest, offset)?;
        self.refuse_a_page()?;
        if let Some(Err(error)) = self.source.origin.as_ref().map(Origin::remember) {
            self.discard()?; // it is of another model than the folder
            return Err(Failure::Lasting(error));
        }
        remove(&self.tag)?;
        Ok(publish::rename(&self.path, &self.source.path)?)
    }

    /// Not to be gone on with.
    pub(crate) fn discard(&self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        remove(&self.tag)
    }

    /// Wrong bytes are removed. If some of them came from an earlier try, the whole is worth another.
    fn check(&self, digest: Option<Digest>, offset: u64) -> Result<(), Failure> {
        let Some(difference) = digest.map(|digest| digest.difference(&self.path)).transpose()?.flatten() else {
            return Ok(());
        };
        self.discard()?;
        let told = anyhow!("the download is not the published file: {difference}; it was removed");
        Err(if offset > 0 { Failure::Passing(told) } else { Failure::Lasting(told) })
    }

    /// What stands between here and the web may answer everything with a page of its own, or with nothing.
    fn refuse_a_page(&self) -> Result<(), Failure> {
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
