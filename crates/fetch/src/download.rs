//! Download one file: three tries, resumed where the last one stopped, and checked before the file gets its name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, anyhow};
use console::Progress;
use ureq::Agent;

use crate::failure::Failure;
use crate::http::{self, Answer};
use crate::sources::Source;
use crate::unfinished::Unfinished;

const TRIES: u32 = 3;

/// Downloads files.
pub(crate) struct Downloads {
    client: Agent,
    pause: Duration,
}

impl Downloads {
    /// `pause` precedes the second try, twice `pause` the third; [`http::client`] explains `patience`.
    pub(crate) fn new(pause: Duration, patience: Duration) -> Self {
        Downloads { client: http::client(patience), pause }
    }

    /// Download a file unless it exists. Returns whether it is there now; only an optional one may be missing.
    ///
    /// # Errors
    /// The download fails, or the server lacks a required file.
    pub(crate) fn fetch(&self, source: &Source) -> anyhow::Result<bool> {
        let Source { url, path, optional, remedy, missing, .. } = source;
        if path.exists() {
            log::debug!("`{}` already exists", path.display());
            return Ok(true);
        }
        log::info!("fetching `{}` from `{url}`", path.display());
        let failed = |what: &str| anyhow!("fetching `{}` from `{url}`: {what}; {remedy}", path.display());
        match self.with_retries(source) {
            Ok(()) => Ok(true),
            Err(Failure::Missing) if *optional => {
                log::debug!("`{url}` does not exist; this file is optional");
                Ok(false)
            }
            Err(Failure::Missing) => Err(failed(&format!("status 404, {missing}"))),
            Err(Failure::Passing(error) | Failure::Lasting(error)) => Err(failed(&format!("{error:#}"))),
        }
    }

    fn with_retries(&self, source: &Source) -> Result<(), Failure> {
        let mut pause = self.pause;
        for _ in 1..TRIES {
            match self.try_once(source) {
                Err(Failure::Passing(error)) => log::warn!("`{}`: {error:#}; trying again", source.path.display()),
                done => return done,
            }
            sleep(pause);
            pause *= 2;
        }
        self.try_once(source)
    }

    fn try_once(&self, source: &Source) -> Result<(), Failure> {
        if source.path.exists() {
            return Ok(()); // another process has finished it
        }
        let unfinished = Unfinished::of(source);
        let (answer, offset) = self.request(source, &unfinished)?;
        let digest = unfinished.digest(&answer);
        let keeps = match answer.status {
            200 => 0,
            206 if answer.begins == offset => offset,
            416 if answer.total == Some(offset) => {
                log::debug!("`{}` is already complete", unfinished.path.display());
                return unfinished.finish(digest, offset);
            }
            status => return Err(refused(status, &unfinished)),
        };
        let Some(file) = unfinished.claim()? else { return Ok(()) };
        unfinished.begin(&file, keeps, &answer)?;
        let _held = receive(answer, file, &unfinished, source.content.most_bytes())?;
        unfinished.finish(digest, keeps)
    }

    /// The server's answer for the missing bytes, with their offset; if the partial file is of another version, the
    /// answer for the whole file.
    fn request(&self, source: &Source, unfinished: &Unfinished) -> Result<(Answer, u64), Failure> {
        let get = |offset| http::get(&self.client, &source.url, offset).map_err(Failure::Passing);
        let offset = unfinished.offset();
        let answer = get(offset)?;
        if offset == 0 || !matches!(answer.status, 206 | 416) || unfinished.is_continued_by(&answer) {
            return Ok((answer, offset));
        }
        log::info!("`{}` may belong to another version; starting the download again", unfinished.path.display());
        Ok((get(0)?, 0))
    }
}

/// Append the body to `file`. Returns the file, whose lock must last until it has its name.
fn receive(answer: Answer, mut file: File, unfinished: &Unfinished, most: u64) -> Result<File, Failure> {
    let failed = |error: io::Error| {
        Failure::Lasting(anyhow::Error::from(error).context(format!("writing `{}`", unfinished.path.display())))
    };
    let mut length = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let total = answer.total;
    let progress = Progress::new(total.unwrap_or(0), "bytes");
    let mut body = answer.into_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        progress.set(length);
        if length > most {
            unfinished.discard().map_err(failed)?;
            return Err(Failure::Lasting(anyhow!("the server sent more than the limit of {most} bytes")));
        }
        let read = body.read(&mut buffer).with_context(|| ended(length, total));
        match read.map_err(Failure::Passing)? {
            0 => break,
            read => file.write_all(&buffer[..read]).map_err(failed)?,
        }
        length = file.stream_position().map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    match total {
        Some(total) if length != total => Err(Failure::Passing(anyhow!(ended(length, Some(total))))),
        _ => Ok(file),
    }
}

fn ended(length: u64, total: Option<u64>) -> String {
    let total = total.map_or(String::new(), |total| format!(" of {total}"));
    format!("the download ended after {length}{total} bytes")
}

/// The failure for a status without usable bytes. If the server cannot resume, the partial file is discarded and the
/// next try starts over.
fn refused(status: u16, unfinished: &Unfinished) -> Failure {
    let error = anyhow!("status {status}");
    match status {
        206 | 416 => match unfinished.discard() {
            Ok(()) => Failure::Passing(error.context("the server cannot resume the partial download")),
            Err(discarding) => discarding.into(),
        },
        408 | 429 | 500.. => Failure::Passing(error),
        404 => Failure::Missing,
        _ => Failure::Lasting(error),
    }
}
