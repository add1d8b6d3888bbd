//! Bring one file: tried three times, resumed where it stopped, checked before it gets its name.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, anyhow};
use console::Progress;
use records::publish;
use ureq::Agent;

use crate::digest::Digest;
use crate::http::{self, Answer};
use crate::sources::{Content, Source};

const TRIES: u32 = 3;

/// Why a try brought no file.
enum Failure {
    /// The server does not have it.
    Missing,
    /// May go better the next time.
    Passing(anyhow::Error),
    /// Will not.
    Lasting(anyhow::Error),
}

/// Whatever the disk says no to will not go better the next time.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Lasting(error.into())
    }
}

/// How files are brought.
pub(crate) struct Downloads {
    client: Agent,
    pause: Duration,
}

impl Downloads {
    /// With `pause` before the second try, and twice that before the third; see [`http::client`].
    pub(crate) fn new(pause: Duration, patience: Duration) -> Self {
        Downloads { client: http::client(patience), pause }
    }

    /// Bring every file that is not there, in order; nothing where all that must be there is, lest a copy made by
    /// hand ask the network for what need not be.
    pub(crate) fn bring_all(&self, sources: &[Source]) -> anyhow::Result<()> {
        if sources.iter().all(|source| source.optional || source.path.exists()) {
            log::debug!("all that is needed is there already");
            return Ok(());
        }
        sources.iter().try_for_each(|source| self.bring(source))
    }

    /// Bring a file unless it is there.
    pub(crate) fn bring(&self, source: &Source) -> anyhow::Result<()> {
        let Source { url, path, optional, remedy, missing, .. } = source;
        if path.exists() {
            log::debug!("`{}` is there already", path.display());
            return Ok(());
        }
        log::info!("bringing `{}` from `{url}`", path.display());
        let told = |what: &str| anyhow!("bringing `{}` from `{url}`: {what}; {remedy}", path.display());
        match self.tried(source) {
            Ok(()) => Ok(()),
            Err(Failure::Missing) if *optional => {
                log::debug!("`{url}` does not exist, and need not");
                Ok(())
            }
            Err(Failure::Missing) => Err(told(&format!("status 404, {missing}"))),
            Err(Failure::Passing(error) | Failure::Lasting(error)) => Err(told(&format!("{error:#}"))),
        }
    }

    fn tried(&self, source: &Source) -> Result<(), Failure> {
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
            return Ok(()); // somebody else has brought it since the last try
        }
        let unfinished = publish::partial(&source.path);
        let there = fs::metadata(&unfinished).map_or(0, |brought| brought.len());
        let offset = if matches!(source.content, Content::Text) { 0 } else { there };
        let answer = http::get(&self.client, &source.url, offset).map_err(Failure::Passing)?;
        let digest = match &source.content {
            Content::Published(digest) => Some(digest.clone()),
            _ => answer.sha256.clone(),
        };
        let keeps = match answer.status {
            200 => 0,
            206 if answer.begins == offset => offset,
            416 if answer.total == Some(offset) => {
                log::debug!("`{}` is whole", unfinished.display());
                return name(source, &unfinished, digest, offset);
            }
            status => return Err(refused(status, &unfinished)),
        };
        let Some(file) = claim(source, &unfinished, there)? else { return Ok(()) };
        let _held = receive(answer, file, &unfinished, keeps, source.content.most_bytes())?;
        name(source, &unfinished, digest, keeps)
    }
}

fn name(source: &Source, unfinished: &Path, digest: Option<Digest>, offset: u64) -> Result<(), Failure> {
    check(unfinished, digest, offset)?;
    refuse_a_page(unfinished)?;
    Ok(publish::rename(unfinished, &source.path)?)
}

/// The unfinished file for us alone; nothing where somebody else, whom we waited for, has brought the whole.
fn claim(source: &Source, unfinished: &Path, there: u64) -> Result<Option<File>, Failure> {
    let told = |error| Failure::Lasting(anyhow::Error::from(records::Error::io("writing", unfinished, error)));
    let file = publish::claim(unfinished).map_err(told)?;
    if source.path.exists() {
        return Ok(fs::remove_file(unfinished).map(|()| None)?);
    }
    match file.metadata().map_err(told)?.len() == there {
        true => Ok(Some(file)),
        false => Err(Failure::Passing(anyhow!("another process brings it, too"))),
    }
}

/// Append the body to the first `keeps` bytes of `file`, which comes back, lest its lock ends before it has its name.
fn receive(answer: Answer, mut file: File, unfinished: &Path, keeps: u64, most: u64) -> Result<File, Failure> {
    let told = |error: io::Error| {
        Failure::Lasting(anyhow::Error::from(error).context(format!("writing `{}`", unfinished.display())))
    };
    file.set_len(keeps).and_then(|()| file.seek(SeekFrom::End(0))).map_err(told)?;
    let total = answer.total;
    let progress = Progress::new(total.unwrap_or(0), "bytes");
    let mut body = answer.into_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut length = keeps;
    loop {
        progress.set(length);
        if length > most {
            fs::remove_file(unfinished).map_err(told)?; // not to be gone on with
            return Err(Failure::Lasting(anyhow!("more than {most} bytes came, so it is something else")));
        }
        let read = body.read(&mut buffer).with_context(|| ended(length, total));
        match read.map_err(Failure::Passing)? {
            0 => break,
            read => file.write_all(&buffer[..read]).map_err(told)?,
        }
        length = file.stream_position().map_err(told)?;
    }
    file.sync_all().map_err(told)?;
    match total {
        Some(total) if length != total => Err(Failure::Passing(anyhow!(ended(length, Some(total))))),
        _ => Ok(file),
    }
}

fn ended(length: u64, total: Option<u64>) -> String {
    let total = total.map_or(String::new(), |total| format!(" of {total}"));
    format!("ended after {length}{total} bytes")
}

/// What a status that brings no bytes means. A server that cannot go on where we stopped makes us begin anew.
fn refused(status: u16, unfinished: &Path) -> Failure {
    let told = anyhow!("status {status}");
    match status {
        206 | 416 => match fs::remove_file(unfinished) {
            Ok(()) => Failure::Passing(told.context("it cannot go on where the last try stopped")),
            Err(error) => error.into(),
        },
        408 | 429 | 500.. => Failure::Passing(told),
        404 => Failure::Missing,
        _ => Failure::Lasting(told),
    }
}

/// What stands between here and the web may answer everything with a page of its own, or with nothing.
fn refuse_a_page(unfinished: &Path) -> Result<(), Failure> {
    let mut start = Vec::new();
    File::open(unfinished)?.take(512).read_to_end(&mut start)?;
    let start = start.trim_ascii_start();
    if !start.is_empty() && !start.starts_with(b"<") {
        return Ok(());
    }
    fs::remove_file(unfinished)?;
    let came = if start.is_empty() { "nothing" } else { "a web page" };
    Err(Failure::Lasting(anyhow!("{came} came in its place: does this network want a log-in?")))
}

/// Wrong bytes are removed. If some of them came from an earlier try, the whole is worth another.
fn check(unfinished: &Path, digest: Option<Digest>, offset: u64) -> Result<(), Failure> {
    let Some(difference) = digest.map(|digest| digest.difference(unfinished)).transpose()?.flatten() else {
        return Ok(());
    };
    fs::remove_file(unfinished)?;
    let told = anyhow!("the bytes are not those published, {difference}; they were removed");
    Err(if offset > 0 { Failure::Passing(told) } else { Failure::Lasting(told) })
}
