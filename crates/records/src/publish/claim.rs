//! A `.partial` for one process alone: its lock is released when the process ends, for whatever reason.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::create_parent;

/// The limit on attempts to lock a `.partial` that other processes rename meanwhile.
const MOST_CLAIMS: usize = 1000;

/// Open the file at `unfinished` with its content, for this process alone until it is closed or renamed.
///
/// # Errors
/// The file or its folder cannot be made.
pub fn claim(unfinished: &Path) -> std::io::Result<File> {
    claimed(unfinished, || open(unfinished))
}

/// Make the folder `unfinished`, empty, for this process alone.
pub(super) fn claim_dir(unfinished: &Path) -> std::io::Result<File> {
    let held = claimed(unfinished, || {
        create_parent(unfinished)?;
        make_dir(unfinished)?;
        let no_link = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits() as i32;
        File::options().read(true).custom_flags(no_link).open(unfinished)
    })?;
    for entry in fs::read_dir(unfinished)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(held)
}

/// Open and lock `path`. While one process waits for the lock, another may rename the file; then it tries again.
fn claimed(path: &Path, open: impl Fn() -> std::io::Result<File>) -> std::io::Result<File> {
    for _ in 0..MOST_CLAIMS {
        let file = match open() {
            Err(e) if e.kind() == ErrorKind::NotFound => continue, // another process renamed it after it was made
            opened => opened?,
        };
        if !is_locked(&file) {
            log::info!("another process writes `{}`; waiting for it", path.with_extension("").display());
            file.lock()?;
        }
        if is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(open().err().unwrap_or_else(|| ErrorKind::ResourceBusy.into()))
}

/// The file at `path`: locked by this process, or else as an error, held by another process.
pub(crate) fn claim_at_once(path: &Path) -> std::io::Result<Result<File, File>> {
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

/// Open the file at `path` with its content; make it and its folder if they do not exist.
fn open(path: &Path) -> std::io::Result<File> {
    create_parent(path)?;
    // Refuse a link: in a folder that others can write to, it may lead to another file of this user.
    let no_link = OFlags::NOFOLLOW.bits() as i32;
    File::options().read(true).write(true).create(true).truncate(false).custom_flags(no_link).open(path)
}

/// Make the folder unless something has its name; opening it then says what that is, or that it was renamed meanwhile.
/// (`fs::create_dir_all` fails with `AlreadyExists` where a folder is renamed between its two system calls.)
fn make_dir(path: &Path) -> std::io::Result<()> {
    match fs::create_dir(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Locks `file` unless another process holds it.
fn is_locked(file: &File) -> bool {
    // A file system without locks counts as unlocked, so that the tools still work.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

fn is_at(file: &File, path: &Path) -> bool {
    let place = |it: fs::Metadata| (it.dev(), it.ino());
    fs::metadata(path).is_ok_and(|there| file.metadata().is_ok_and(|held| place(there) == place(held)))
}

#[cfg(test)]
mod tests {
    use super::super::{bytes, check_dir, dir, partial};
    use super::*;

    /// Others may place such a link. It must not be followed, nor be tried for ever.
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
        let folder = place.path().join("folder");
        bytes(&folder.join("precious"), b"old").unwrap();
        std::os::unix::fs::symlink(&folder, partial(&path)).unwrap();
        assert!(check_dir(&path).is_err() && dir(&path, |_| Ok::<_, crate::Error>(())).is_err());
        assert_eq!(fs::read(folder.join("precious")).unwrap(), b"old");
    }
}
