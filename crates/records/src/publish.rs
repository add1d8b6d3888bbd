//! Write to `.partial`, sync, rename: a final name never holds half a file or half a folder.
#![expect(clippy::disallowed_methods, reason = "the one place that creates files")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::Error;

/// `path` with `.partial` appended: where unfinished bytes live.
pub fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// A file on its way: what is written goes to its `.partial`, which gets the final name when it is whole, or goes away.
#[derive(Debug)]
pub struct Pending {
    path: PathBuf,
    unfinished: PathBuf,
    output: BufWriter<File>,
    published: bool,
}

impl Pending {
    /// Begin the file that is to be at `path`.
    ///
    /// # Errors
    /// Its folder or its `.partial` cannot be made.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let unfinished = partial(path);
        let file =
            create_parent(path).and_then(|()| File::create(&unfinished)).map_err(|e| Error::io("writing", path, e))?;
        Ok(Pending { path: path.to_owned(), unfinished, output: BufWriter::new(file), published: false })
    }

    /// Give it its name.
    ///
    /// # Errors
    /// Writing, syncing or renaming failed; the previous file, if any, is intact.
    pub fn publish(mut self) -> Result<(), Error> {
        let written = self.output.flush().and_then(|()| self.output.get_ref().sync_all());
        let published =
            written.and_then(|()| fs::rename(&self.unfinished, &self.path)).and_then(|()| sync_parent(&self.path));
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
            fs::remove_file(&self.unfinished).unwrap_or_default(); // nobody is left to be told
        }
    }
}

/// Where a tool's answer goes: to stdout as it comes, or to a file that appears when it is whole.
#[derive(Debug)]
pub enum Output {
    /// A pipe, a terminal, or what the shell makes of it.
    Stdout(BufWriter<std::io::StdoutLock<'static>>),
    /// A name that was asked for.
    File(Box<Pending>),
    /// A device or a pipe that was asked for: it is written to, not replaced.
    Device(File),
}

impl Output {
    /// The file at `path`, or stdout without one.
    ///
    /// # Errors
    /// As [`Pending::create`].
    pub fn open(path: Option<&Path>) -> Result<Self, Error> {
        Ok(match path {
            None => Output::Stdout(BufWriter::new(std::io::stdout().lock())),
            Some(path) if path.exists() && !path.is_file() => {
                Output::Device(File::options().write(true).open(path).map_err(|e| Error::io("writing", path, e))?)
            }
            Some(path) => Output::File(Box::new(Pending::create(path)?)),
        })
    }

    /// To be called when all is written.
    ///
    /// # Errors
    /// As [`Pending::publish`]; a broken pipe arrives as [`std::io::ErrorKind::BrokenPipe`].
    pub fn finish(self) -> Result<(), Error> {
        match self {
            Output::Stdout(mut output) => output.flush().map_err(|e| Error::io("writing", Path::new("stdout"), e)),
            Output::File(pending) => pending.publish(),
            Output::Device(_) => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Output::Stdout(output) => output.write(bytes),
            Output::File(output) => output.write(bytes),
            Output::Device(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Output::Stdout(output) => output.flush(),
            Output::File(output) => output.flush(),
            Output::Device(output) => output.flush(),
        }
    }
}

/// Publish a file whose content `write` produces.
///
/// # Errors
/// Writing, syncing or renaming failed; the previous file, if any, is intact.
pub fn file(path: &Path, write: impl FnOnce(&mut Pending) -> std::io::Result<()>) -> Result<(), Error> {
    let mut pending = Pending::create(path)?;
    write(&mut pending).map_err(|e| Error::io("writing", path, e))?;
    pending.publish()
}

/// Publish `bytes` as a file.
///
/// # Errors
/// As [`file()`].
pub fn bytes(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    file(path, |output| output.write_all(bytes))
}

/// Publish `bytes` unless the file holds them already, so that its time stays; tells whether it wrote.
///
/// # Errors
/// As [`file()`].
pub fn if_changed(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let same = fs::read(path).is_ok_and(|old| old == bytes);
    if !same {
        self::bytes(path, bytes)?;
    }
    Ok(!same)
}

/// Publish a folder that `fill` fills; a folder already there is replaced.
///
/// # Errors
/// `fill` failed, or syncing or renaming did; then no folder of that name is left half full.
pub fn dir<E: From<Error>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let unfinished = partial(path);
    let io = |e| Error::io("writing", path, e);
    remove_dir(&unfinished).and_then(|()| fs::create_dir_all(&unfinished)).map_err(io)?;
    fill(&unfinished)?;
    replace_dir(&unfinished, path).map_err(io)?;
    Ok(())
}

fn replace_dir(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(unfinished)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(unfinished)?.sync_all()?;
    remove_dir(path)?;
    fs::rename(unfinished, path)?;
    sync_parent(path)
}

fn remove_dir(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn create_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// A rename lasts only when the folder that holds the name is on disk too.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_partial() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        bytes(&path, b"old").unwrap();
        let failed = file(&path, |output| {
            output.write_all(b"half")?;
            Err(std::io::Error::other("no space"))
        });
        assert!(failed.unwrap_err().to_string().contains("a.json"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(!partial(&path).exists());
    }

    #[test]
    fn unchanged_bytes_are_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert!(if_changed(&path, b"x").unwrap());
        assert!(!if_changed(&path, b"x").unwrap());
        assert!(if_changed(&path, b"y").unwrap());
    }

    #[test]
    fn a_folder_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        dir(&path, |inside| bytes(&inside.join("a"), b"1")).unwrap();
        let failed = dir(&path, |inside| bytes(&inside.join("nowhere\0"), b"2"));
        assert!(failed.is_err());
        assert_eq!(fs::read(path.join("a")).unwrap(), b"1");
        dir(&path, |inside| bytes(&inside.join("b"), b"2")).unwrap();
        assert!(!path.join("a").exists() && path.join("b").exists());
    }
}
