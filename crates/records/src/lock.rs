//! One writer at a time: a lock that the system releases when its holder ends, for whatever reason.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::{Error, publish};

/// A locked file. Dropping this releases the lock and empties the file. If the folder holds nothing else, both are removed,
/// because no work was done there.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Take the lock at `path` for `tool`, and make its folder if there is none.
    ///
    /// # Errors
    /// Another process holds it, which the message names, or the file cannot be written.
    pub fn take(path: &Path, tool: &str) -> Result<Self, Error> {
        let io = |e| Error::io("writing", path, e);
        let claimed = publish::claim_at_once(path).map_err(io)?;
        let mut file = claimed.map_err(|mut others| held(path, &mut others))?;
        let owner = format!("`{tool}`, process {} on {}\n", std::process::id(), host());
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes())).map_err(io)?;
        Ok(Lock { path: path.to_owned(), file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.file.set_len(0).unwrap_or_default(); // no process reads the name of a former holder
        let folder = self.path.parent().unwrap_or(&self.path);
        if std::fs::read_dir(folder).is_ok_and(|entries| entries.count() == 1) {
            std::fs::remove_file(&self.path).and_then(|()| std::fs::remove_dir(folder)).unwrap_or_default();
        }
    }
}

fn held(path: &Path, file: &mut File) -> Error {
    let mut owner = String::new();
    let read = file.take(200).read_to_string(&mut owner).unwrap_or(0);
    let owner = if read == 0 { "another process" } else { owner.trim() };
    let folder = path.parent().unwrap_or(path);
    Error::file(folder, format!("{owner} uses the folder; wait until it ends, or stop it"))
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "this machine".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_by_name_and_may_when_the_first_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/.lock");
        drop(Lock::take(&path, "train").unwrap());
        assert!(!folder.path().join("run").exists(), "nothing was done there");
        crate::publish::bytes(&folder.path().join("run/metrics.jsonl"), b"").unwrap();
        let first = Lock::take(&path, "train").unwrap();
        let message = Lock::take(&path, "train").unwrap_err().to_string();
        let own = format!("`train`, process {} on ", std::process::id());
        assert!(message.contains(&own) && message.contains("run`: ") && message.contains("wait until"), "{message}");
        drop(first);
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        Lock::take(&path, "train").unwrap();
    }

    /// A killed process leaves the file, but not the lock.
    #[test]
    fn a_name_without_a_lock_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        crate::publish::bytes(&path, b"`train`, process 1 on nowhere, and much more than the next one writes\n")
            .unwrap();
        let _held = Lock::take(&path, "train").unwrap();
        let owner = std::fs::read_to_string(&path).unwrap();
        assert!(owner.ends_with('\n') && owner.contains(&std::process::id().to_string()), "{owner}");
    }
}
