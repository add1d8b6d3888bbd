//! The files of a source: one, or those of a folder, whose names say their splits.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use records::Split;

/// The endings of files that may hold examples.
const ENDINGS: [&str; 7] = [".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet"];

/// What `fetch data` writes about the other files.
const FETCHED: &str = "fetched.json";

/// One file of a source.
pub(crate) struct Part {
    pub(crate) name: String,
    /// As the name of a file in a folder says.
    pub(crate) split: Option<Split>,
    /// `None` for stdin.
    pub(crate) path: Option<PathBuf>,
    pub(crate) input: Box<dyn Read>,
}

/// The file at `path`, or the files of the folder at `path`, in the order of splits and names.
///
/// # Errors
/// There is none, or a folder's files cannot be told apart.
pub(crate) fn parts(path: &Path) -> Result<Vec<Part>> {
    match path.is_dir() {
        true => in_folder(path)?.into_iter().map(|(split, file)| part(&file, Some(split))).collect(),
        false => Ok(vec![part(path, None)?]),
    }
}

fn part(path: &Path, split: Option<Split>) -> Result<Part> {
    let name = path.display().to_string();
    let missing = |e| anyhow!("reading `{name}`: {e}; name a file or a folder with `--input`, or `-` for stdin");
    let file = File::open(path).map_err(missing)?;
    Ok(Part { name, split, path: Some(path.to_owned()), input: Box::new(file) })
}

/// The source in words: the file, or the folder with the files of each split.
pub(crate) fn description(path: &Path, parts: &[Part]) -> String {
    let file = |part: &Part| {
        let name = Path::new(&part.name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        part.split.map(|split| format!("{split} from `{name}`"))
    };
    let files: Vec<String> = parts.iter().filter_map(file).collect();
    let among = if files.is_empty() { String::new() } else { format!(": {}", files.join(", ")) };
    format!("`{}`{among}", path.display())
}

/// The split files in `folder` or in its folder `data`.
fn in_folder(folder: &Path) -> Result<Vec<(Split, PathBuf)>> {
    let (mut known, mut others, mut unread) = (vec![], vec![], vec![]);
    for place in [folder.to_owned(), folder.join("data")].iter().filter(|place| place.is_dir()) {
        let reading = || format!("reading `{}`", place.display());
        for entry in place.read_dir().with_context(reading)? {
            let path = entry.with_context(reading)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            match split_of(&name) {
                Some(split) if is_of_examples(&name) && path.is_file() => known.push((split, path)),
                None if is_of_examples(&name) && path.is_file() => others.push(path),
                Some(split) if path.is_file() && !name.starts_with('.') => unread.push((split, path)),
                _ => {}
            }
        }
    }
    known.sort();
    let shown = folder.display();
    let name_them = "call the files of a split such as `train.csv`, `validation.csv` and `test.csv`";
    ensure!(
        known.iter().any(|(split, _)| *split == Split::Train),
        "`{shown}`: no file of the split `train`, in CSV, TSV, JSON, JSON Lines or Parquet; {name_them}"
    );
    others.sort();
    if let Some(other) = others.first() {
        bail!("`{}`: the name says no split; {name_them}, or move the file away", other.display());
    }
    unread.retain(|(split, _)| known.iter().all(|(there, _)| there != split));
    if let Some((split, path)) = unread.first() {
        let endings = ENDINGS.join("`, `");
        bail!("`{}`: {split} in another format; write it as one of `{endings}`, or move it away", path.display());
    }
    for pair in known.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let [(split, one), (_, other)] = pair else { continue };
        let differ = match (one.parent() == other.parent(), kind(one) == kind(other)) {
            (true, true) => continue,
            (true, false) => "have several formats",
            (false, _) => "are in two folders",
        };
        bail!(
            "`{shown}`: the files of {split} {differ}, such as `{}` and `{}`; leave the same examples in one of them only",
            one.display(),
            other.display()
        );
    }
    Ok(known)
}

/// The split that a word of a file's name says: `train.csv`, `my_dev.tsv`, `test-00000-of-00002.jsonl.gz`.
fn split_of(name: &str) -> Option<Split> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).find_map(Split::called)
}

fn is_of_examples(name: &str) -> bool {
    !name.starts_with('.')
        && name != FETCHED
        && ENDINGS.iter().any(|ending| name.strip_suffix(".gz").unwrap_or(name).ends_with(ending))
}

/// The ending of a file, and whether it is packed.
fn kind(path: &Path) -> (Option<&'static str>, bool) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let packed = name.strip_suffix(".gz");
    let ending = ENDINGS.into_iter().find(|ending| packed.unwrap_or(&name).ends_with(ending));
    (ending, packed.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_name_says_the_split() {
        for (name, split) in [
            ("train.csv", Some(Split::Train)),
            ("train-00000-of-00001.jsonl", Some(Split::Train)),
            ("sst2_dev.tsv", Some(Split::Validation)),
            ("valid.json", Some(Split::Validation)),
            ("my.test.jsonl.gz", Some(Split::Test)),
            ("trains.csv", None),
            ("contest.csv", None),
        ] {
            assert_eq!(split_of(name), split, "{name}");
        }
    }
}
