//! Which inputs are others than before, whatever their age: each input has a file with the sha256 of its content. That file keeps
//! its time as long as the content is the same, so make, which compares times, makes again what another content demands.

use std::fs::{File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use records::hash::sha256_of;
use records::publish;
use rustix::fs::{Access, access};

/// Files that are one input together, each with a name that does not change when the file is moved.
pub(crate) struct Input {
    /// The file of sums.
    pub(crate) sums: PathBuf,
    /// Lines for what no file holds.
    pub(crate) embedded: String,
    /// These must be there; until then the input is not known.
    pub(crate) files: Vec<(String, PathBuf)>,
}

impl Input {
    /// Write the sums, if they differ from those that are there. An input that is seen for the first time makes nothing again
    /// that is newer than itself: its file of sums gets its own time.
    ///
    /// # Errors
    /// An input cannot be read, or a file of sums cannot be written. Where a folder of others must not be changed, none is, and what is there is taken as it is.
    pub(crate) fn remember(&self) -> anyhow::Result<()> {
        let folder = self.sums.parent().unwrap_or(Path::new("."));
        if self.files.iter().any(|(_, path)| !path.exists()) || is_of_others(folder) {
            return Ok(());
        }
        let (mut text, mut newest) = (self.embedded.clone(), SystemTime::UNIX_EPOCH);
        for (name, path) in &self.files {
            let found = sum(path).with_context(|| format!("reading `{}`", path.display()))?;
            let Some((sum, modified)) = found else { continue };
            text += &format!("{sum}  {name}\n");
            newest = newest.max(modified);
        }
        let is_first = !self.sums.exists();
        let is_written = publish::if_changed(&self.sums, text.as_bytes())?;
        if is_first && is_written {
            set_time(&self.sums, newest.min(SystemTime::now()))
                .with_context(|| format!("writing `{}`", self.sums.display()))?;
        }
        Ok(())
    }
}

/// The file at `path`; of a folder, all files in it and in its folder `data`, sorted by name.
pub(crate) fn texts(path: &Path) -> Vec<(String, PathBuf)> {
    if !path.is_dir() {
        return vec![("texts".to_owned(), path.to_owned())];
    }
    let entries = |place: PathBuf| std::fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries(path.to_owned()).chain(entries(path.join("data"))).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let name = |file: &PathBuf| file.strip_prefix(path).unwrap_or(file).display().to_string();
    files.iter().map(|file| (format!("texts/{}", name(file)), file.clone())).collect()
}

/// The files in a model folder that hold its weights, sorted by name: safetensors, and pickles where there are none.
pub(crate) fn weights(model: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(model).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let ending = |ending: &str| names.iter().filter(|name| name.ends_with(ending)).cloned().collect::<Vec<_>>();
    let safetensors = ending(".safetensors");
    let found = if safetensors.is_empty() { ending(".bin") } else { safetensors };
    found.into_iter().map(|name| (name.clone(), model.join(name))).collect()
}

/// sha256 and time of a regular file; nothing of a file that is absent, nor of a pipe, which only `prep` reads, and once.
fn sum(path: &Path) -> std::io::Result<Option<(String, SystemTime)>> {
    if !path.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    let modified = file.metadata()?.modified()?;
    Ok(Some((sha256_of(file)?, modified)))
}

fn set_time(path: &Path, time: SystemTime) -> std::io::Result<()> {
    File::options().append(true).open(path)?.set_times(FileTimes::new().set_modified(time))
}

fn is_of_others(folder: &Path) -> bool {
    folder.is_dir() && access(folder, Access::WRITE_OK).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn modified(path: &Path) -> SystemTime {
        std::fs::metadata(path).unwrap().modified().unwrap()
    }

    /// A file of sums of `text`.
    fn input(folder: &Path) -> Input {
        publish::bytes(&folder.join("text"), b"one").unwrap();
        set_time(&folder.join("text"), SystemTime::now() - Duration::from_secs(1000)).unwrap();
        Input {
            sums: folder.join("sums"),
            embedded: String::new(),
            files: vec![("text".to_owned(), folder.join("text"))],
        }
    }

    #[test]
    fn the_first_sum_is_as_old_as_the_input_and_a_changed_one_is_new() {
        let place = tempfile::tempdir().unwrap();
        let mut input = input(place.path());
        input.remember().unwrap();
        assert_eq!(modified(&input.sums), modified(&place.path().join("text")));
        let first = std::fs::read_to_string(&input.sums).unwrap();
        assert!(first.len() == 64 + "  text\n".len() && first.ends_with("  text\n"), "{first}");
        set_time(&place.path().join("text"), SystemTime::now()).unwrap();
        input.remember().unwrap();
        assert!(modified(&input.sums) < modified(&place.path().join("text")), "the same content");
        publish::bytes(&place.path().join("more"), b"two").unwrap();
        input.files.push(("more".to_owned(), place.path().join("more")));
        input.remember().unwrap();
        assert!(modified(&input.sums) + Duration::from_secs(500) > SystemTime::now());
        assert_eq!(std::fs::read_to_string(&input.sums).unwrap().lines().count(), 2);
        input.embedded = "1234  reviews\n".to_owned();
        input.remember().unwrap();
        assert_eq!(std::fs::read_to_string(&input.sums).unwrap().lines().next(), Some("1234  reviews"));
    }

    #[test]
    fn an_input_that_is_not_whole_yet_has_no_sums() {
        let place = tempfile::tempdir().unwrap();
        let mut input = input(place.path());
        input.files.push(("tokenizer".to_owned(), place.path().join("tokenizer")));
        input.remember().unwrap();
        assert!(!input.sums.exists());
    }

    #[test]
    fn a_changed_file_of_a_folder_of_texts_changes_the_sums() {
        let place = tempfile::tempdir().unwrap();
        let put =
            |name: &str, text: &str| publish::bytes(&place.path().join("mail").join(name), text.as_bytes()).unwrap();
        let sums = || {
            let files = texts(&place.path().join("mail"));
            let input = Input { sums: place.path().join("sums"), embedded: String::new(), files };
            input.remember().unwrap();
            std::fs::read_to_string(&input.sums).unwrap()
        };
        put("train.csv", "one");
        put("data/test.csv", "two");
        let first = sums();
        let names: Vec<&str> = first.lines().map(|line| &line[66..]).collect();
        assert_eq!(names, ["texts/data/test.csv", "texts/train.csv"]);
        put("data/test.csv", "three");
        assert_ne!(sums(), first);
    }

    #[test]
    fn shards_are_weights_and_a_pickle_is_where_there_is_no_safetensors() {
        let place = tempfile::tempdir().unwrap();
        let names = || weights(place.path()).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(weights(&place.path().join("absent")).is_empty());
        for name in ["pytorch_model.bin", "config.json"] {
            publish::bytes(&place.path().join(name), b"").unwrap();
        }
        assert_eq!(names(), ["pytorch_model.bin"]);
        for name in ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"] {
            publish::bytes(&place.path().join(name), b"").unwrap();
        }
        assert_eq!(names(), ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);
    }
}
