//! Write to `.partial`, sync, rename: a final name never has half a file or half a folder.
//!
//! The writer locks its `.partial`. A second writer waits and then writes the same again, so that two `make` of one study
//! may run at once.

mod claim;
mod output;
mod pending;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

pub use claim::claim;
pub(crate) use claim::claim_at_once;
pub use output::Output;
pub use pending::Pending;

use claim::claim_dir;

use crate::Error;

/// `path` with `.partial` appended, the name of an unfinished file.
pub fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Publish a file that `write` writes.
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

/// Publish `bytes` unless the file has them already, so that its time does not change. Returns whether it wrote.
///
/// # Errors
/// As [`file()`].
pub fn if_changed(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let same = crate::regular(path).and_then(fs::read).is_ok_and(|old| old == bytes);
    if !same {
        self::bytes(path, bytes)?;
    }
    Ok(!same)
}

/// Publish a folder that `fill` fills; it replaces an existing folder.
///
/// # Errors
/// `fill`, syncing or renaming failed; then the name has no half-full folder.
pub fn dir<E: From<Error>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let unfinished = partial(path);
    let io = |e| Error::io("writing", path, e);
    let _held = claim_dir(&unfinished).map_err(io)?;
    let filled = fill(&unfinished).and_then(|()| Ok(sync_dir(&unfinished).map_err(io)?));
    filled.inspect_err(|_| remove_dir(&unfinished).unwrap_or_default())?; // the first error is the one to report
    Ok(replace_dir(&unfinished, path).map_err(io)?)
}

/// Check before any work whether [`dir()`] can begin.
///
/// # Errors
/// The folder cannot be made.
pub fn check_dir(path: &Path) -> Result<(), Error> {
    let unfinished = partial(path);
    let tried = claim_dir(&unfinished).and_then(|_held| remove_dir(&unfinished));
    tried.map_err(|e| Error::io("writing", path, e))
}

/// Give a complete and synced file its final name, and sync the folder of that name.
///
/// # Errors
/// Renaming or syncing failed.
pub fn rename(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    fs::rename(unfinished, path)?;
    sync_parent(path)
}

fn sync_dir(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(folder)?.sync_all()
}

/// Exchange the folders in one step where the system can, so that `path` always has a folder.
fn replace_dir(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    // The old folder gets the name of the unfinished one. The lock keeps other writers from using it before it is removed.
    let _old = File::open(path).and_then(|old| old.lock().map(|()| old));
    match renameat_with(CWD, unfinished, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => remove_dir(unfinished)?, // now the old folder
        // There is no old folder, or the file system cannot exchange.
        Err(Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            remove_dir(path).and_then(|()| fs::rename(unfinished, path))?;
        }
        Err(other) => return Err(other.into()),
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

/// A rename is durable only when its folder is on disk.
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

    /// Without the lock, some writers would publish half of another's file, or find nothing to rename.
    #[test]
    fn many_at_once_publish_one_whole_file_and_one_whole_folder_after_the_other() {
        let place = tempfile::tempdir().unwrap();
        let (name, folder) = (place.path().join("a.json"), place.path().join("shards"));
        let publish = |writer: usize| {
            for _ in 0..100 {
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
