//! Write to `.partial`, sync, rename: a final name never holds half a file or half a folder.
//!
//! A `.partial` is locked by whoever writes it. Who comes meanwhile waits, and then writes the same again: two `make` of one
//! study may run at once.
#![expect(clippy::disallowed_methods, reason = "the one place that creates files")]

use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

use crate::Error;

/// How often a `.partial` may be taken away by others before one gives up.
const MOST_CLAIMS: usize = 1000;

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
        let emptied = claim(&unfinished).and_then(|file| file.set_len(0).and(Ok(file)));
        let file = emptied.map_err(|e| Error::io("writing", path, e))?;
        Ok(Pending { path: path.to_owned(), unfinished, output: BufWriter::new(file), published: false })
    }

    /// Give it its name.
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
    let _held = claim_dir(&unfinished).map_err(io)?;
    let filled = fill(&unfinished).and_then(|()| Ok(sync_dir(&unfinished).map_err(io)?));
    filled.inspect_err(|_| remove_dir(&unfinished).unwrap_or_default())?; // the first error is the one to tell
    Ok(replace_dir(&unfinished, path).map_err(io)?)
}

/// Find out before any work is done whether [`dir()`] could begin.
///
/// # Errors
/// The folder cannot be made.
pub fn check_dir(path: &Path) -> Result<(), Error> {
    let unfinished = partial(path);
    let tried = claim_dir(&unfinished).and_then(|_held| remove_dir(&unfinished));
    tried.map_err(|e| Error::io("writing", path, e))
}

/// The file at `unfinished` with what is in it, for this process alone until it is closed or renamed.
///
/// # Errors
/// It or its folder cannot be made.
pub fn claim(unfinished: &Path) -> std::io::Result<File> {
    claimed(unfinished, || open(unfinished))
}

/// Give what is whole and synced its final name, for good: the folder that holds the name is synced too.
///
/// # Errors
/// Renaming or syncing failed.
pub fn rename(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    fs::rename(unfinished, path)?;
    sync_parent(path)
}

/// The folder `unfinished`, empty, for this process alone.
fn claim_dir(unfinished: &Path) -> std::io::Result<File> {
    let held = claimed(unfinished, || {
        fs::create_dir_all(unfinished)?;
        File::open(unfinished)
    })?;
    for entry in fs::read_dir(unfinished)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(held)
}

/// What `open` opens at `path`, locked. Who waited for the lock may hold what has another name by then, and tries again.
fn claimed(path: &Path, open: impl Fn() -> std::io::Result<File>) -> std::io::Result<File> {
    for _ in 0..MOST_CLAIMS {
        let file = match open() {
            Err(e) if e.kind() == ErrorKind::NotFound => continue, // it was renamed between its making and its opening
            opened => opened?,
        };
        if !is_locked(&file) {
            log::info!("waiting for another process that writes `{}`", path.with_extension("").display());
            file.lock()?;
        }
        if is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(open().err().unwrap_or_else(|| ErrorKind::ResourceBusy.into()))
}

/// The file at `path` locked, or as another process holds it.
pub(crate) fn claimed_at_once(path: &Path) -> std::io::Result<Result<File, File>> {
    for _ in 0..MOST_CLAIMS {
        let file = open(path)?;
        if !is_locked(&file) {
            return Ok(Err(file));
        }
        if is_at(&file, path) {
            return Ok(Ok(file));
        }
    }
    Err(ErrorKind::ResourceBusy.into())
}

/// The file at `path` with what is in it; it is made if need be, and its folder.
fn open(path: &Path) -> std::io::Result<File> {
    create_parent(path)?;
    // Not through a link: where others may write, it would lead to a file of ours that is none of this.
    let no_link = OFlags::NOFOLLOW.bits() as i32;
    File::options().read(true).write(true).create(true).truncate(false).custom_flags(no_link).open(path)
}

/// Locks `file` unless another process holds it.
fn is_locked(file: &File) -> bool {
    // A file system without locks: better unlocked than not at all.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

fn is_at(file: &File, path: &Path) -> bool {
    let place = |it: fs::Metadata| (it.dev(), it.ino());
    fs::metadata(path).is_ok_and(|there| file.metadata().is_ok_and(|held| place(there) == place(held)))
}

fn sync_dir(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(folder)?.sync_all()
}

/// In one step where the system can: then there is no moment without a folder at `path`.
fn replace_dir(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, unfinished, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => remove_dir(unfinished)?, // the old one, by now
        Err(_) => remove_dir(path).and_then(|()| fs::rename(unfinished, path))?,
    }
    sync_parent(path)
}

fn remove_dir(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
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

    /// Without the lock some of them would publish what another has written half, or find nothing to rename.
    #[test]
    fn many_at_once_publish_one_whole_file_and_one_whole_folder_after_the_other() {
        let place = tempfile::tempdir().unwrap();
        let (name, folder) = (place.path().join("a.json"), place.path().join("shards"));
        let publish = |writer: usize| {
            for _ in 0..20 {
                let bytes = vec![b'a' + writer as u8; 10_000 * (writer + 1)];
                super::bytes(&name, &bytes).unwrap();
                dir(&folder, |inside| super::bytes(&inside.join("one"), &bytes)).unwrap();
                let seen = fs::read(&name).unwrap();
                assert!(
                    seen.iter().all(|byte| *byte == seen[0]) && seen.len() == 10_000 * (1 + (seen[0] - b'a') as usize)
                );
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|writer| drop(scope.spawn(move || publish(writer)))));
        let mut left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.json", "shards"]);
    }

    #[test]
    fn a_folder_that_cannot_be_filled_leaves_no_partial() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/model");
        check_dir(&path).unwrap();
        let full = |_: &Path| Err(Error::io("writing", &path, ErrorKind::StorageFull.into()));
        assert!(dir(&path, full).unwrap_err().to_string().contains("deep/model"));
        assert_eq!(fs::read_dir(place.path().join("deep")).unwrap().count(), 0);
    }

    /// Planted by others, it must neither be written through nor be tried for ever.
    #[test]
    fn a_partial_that_is_a_link_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let (path, precious) = (place.path().join("a"), place.path().join("precious"));
        bytes(&precious, b"old").unwrap();
        for target in ["precious", "no/where"] {
            std::os::unix::fs::symlink(place.path().join(target), partial(&path)).unwrap();
            assert!(bytes(&path, b"x").unwrap_err().to_string().contains("symbolic links"));
            fs::remove_file(partial(&path)).unwrap();
        }
        assert_eq!(fs::read(&precious).unwrap(), b"old");
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
