//! The Large Movie Review Dataset (Maas et al. 2011): the published archive, or the folder in it.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::bufread::MultiGzDecoder;
use records::Split;

use texts::{Review, Store};

use super::{Dataset, Fresh, Opened, Source, of_films};

const URL: &str = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz";

/// The limit on a review: 1 MiB. The longest published one has 14 thousand bytes.
const LONGEST_REVIEW_BYTES: u64 = 1 << 20;

/// The limit on the expanded archive: 4 GiB. The published one expands to 500 million bytes; a file that exceeds the
/// limit is made to exhaust memory or time.
const EXPANDED_BYTES: u64 = 4 << 30;

/// Folder in the archive, split, class. Other entries, such as `unsup` and the word lists, are ignored.
const FOLDERS: [(&str, Split, usize); 4] = [
    ("train/neg", Split::Train, 0),
    ("train/pos", Split::Train, 1),
    ("test/neg", Split::Test, 0),
    ("test/pos", Split::Test, 1),
];

pub(crate) fn open(source: &Source) -> Result<Opened> {
    match (&source.archive, &source.input) {
        (Some(archive), _) => open_archive(archive),
        (None, Some(folder)) => open_folder(folder),
        (None, None) => bail!("needs `--archive aclImdb_v1.tar.gz`; {}", remedy()),
    }
}

fn remedy() -> String {
    format!("fetch it with `fetch data imdb --out DIR` (from {URL}), or name a copy with `make … IMDB_ARCHIVE=FILE`")
}

fn open_archive(path: &Path) -> Result<Opened> {
    let description = format!("archive `{}`", path.display());
    let file = File::open(path).map_err(|e| anyhow!("{description}: {e}; {}", remedy()))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let start = input.fill_buf().map_err(|e| anyhow!("{description}: {e}"))?;
    ensure!(start.starts_with(&[0x1f, 0x8b]), "{description}: not gzip, so not aclImdb_v1.tar.gz; {}", remedy());
    let name = description.clone();
    let read = |store: &mut Store| dataset(read_archive(input, EXPANDED_BYTES), store).context(name);
    Ok(Opened { description, read: Box::new(read) })
}

fn open_folder(path: &Path) -> Result<Opened> {
    let inside = path.join("aclImdb");
    let folder = if inside.is_dir() { inside } else { path.to_owned() };
    let description = format!("folder `{}`", folder.display());
    let missing = FOLDERS.iter().find(|(name, ..)| !folder.join(name).is_dir());
    match missing {
        Some((name, ..)) => bail!("{description}: no folder `{name}` in it, so not aclImdb unpacked; {}", remedy()),
        None => {
            let name = description.clone();
            let read = move |store: &mut Store| dataset(read_folder(&folder), store).context(name);
            Ok(Opened { description, read: Box::new(read) })
        }
    }
}

fn dataset(reviews: Result<Vec<Fresh>>, store: &mut Store) -> Result<Dataset> {
    let reviews = reviews?;
    ensure!(!reviews.is_empty(), "no reviews, such as `aclImdb/train/pos/0_9.txt`, in it; {}", remedy());
    of_films(reviews, store)
}

/// Names are only compared, never used as paths. `raw` prevents tar from collecting its extensions in memory.
fn read_archive(input: impl BufRead, limit: u64) -> Result<Vec<Fresh>> {
    let damaged = |e: std::io::Error| match e.kind() {
        ErrorKind::FileTooLarge => anyhow!("{e}, so not aclImdb_v1.tar.gz; {}", remedy()),
        _ => anyhow!("{e}: the file is damaged or cut short; {}", remedy()),
    };
    let mut archive = tar::Archive::new(Bounded { input: MultiGzDecoder::new(input), limit, left: limit });
    let mut reviews = Vec::new();
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(place) = place(&name) {
            // Without this check, the review would be missing from every number without a message.
            let is_file = entry.header().entry_type().is_file();
            ensure!(is_file, "`{name}` is a link or a device; pack the archive again with `tar --hard-dereference -h`");
            let text = text(entry).map_err(damaged)?;
            reviews.push(review(place, text).with_context(|| format!("`{name}`"))?);
        }
    }
    // Read to the end, because gzip stores its checksum there.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(damaged)?;
    Ok(reviews)
}

/// Returns an error after `limit` bytes.
struct Bounded<R> {
    input: R,
    limit: u64,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        let too_large = || Error::new(ErrorKind::FileTooLarge, format!("it expands to more than {} bytes", self.limit));
        self.left = self.left.checked_sub(read as u64).ok_or_else(too_large)?;
        Ok(read)
    }
}

fn read_folder(folder: &Path) -> Result<Vec<Fresh>> {
    let mut reviews = Vec::new();
    for (name, ..) in FOLDERS {
        let files = folder.join(name);
        for entry in files.read_dir().with_context(|| format!("reading `{}`", files.display()))? {
            let entry = entry.with_context(|| format!("reading `{}`", files.display()))?;
            let path = entry.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(place) = place(&format!("aclImdb/{name}/{file_name}")) {
                let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
                ensure!(is_file, "`{}` is a link or a device; copy the folder with `cp -rL`", path.display());
                reviews.push(read_review(place, &path).with_context(|| format!("reading `{}`", path.display()))?);
            }
        }
    }
    Ok(reviews)
}

fn read_review(place: Place, path: &PathBuf) -> Result<Fresh> {
    review(place, text(File::open(path)?)?)
}

type Place = (Split, usize, String);

/// `aclImdb/train/pos/0_9.txt` as split, class and id; `None` for any other file.
fn place(name: &str) -> Option<Place> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let id = name.strip_prefix("aclImdb/")?.strip_suffix(".txt")?;
    let (folder, number) = id.rsplit_once('/')?;
    let (_, split, label) = FOLDERS.iter().find(|(known, ..)| *known == folder)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') && !number.is_empty();
    is_number.then(|| (*split, *label, id.to_owned()))
}

/// The bytes of a review, at most one more than the limit.
fn text(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(LONGEST_REVIEW_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn review((split, label, id): Place, bytes: Vec<u8>) -> Result<Fresh> {
    ensure!(bytes.len() as u64 <= LONGEST_REVIEW_BYTES, "a review of more than 1 MiB; remove the file");
    let text = String::from_utf8(bytes).map_err(|e| anyhow!("not UTF-8 text: {e}"))?;
    ensure!(!text.trim().is_empty(), "an empty file; fetch the archive again");
    Ok(Review { id, split, label, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    /// The archive is a thousand times larger than its file, and reading stops at the limit.
    #[test]
    fn what_expands_without_end_is_refused() {
        let mut header = tar::Header::new_gnu();
        header.set_path("aclImdb/README").unwrap();
        header.set_size(64 << 20);
        header.set_cksum();
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(header.as_bytes()).unwrap();
        packer.write_all(&vec![0; 64 << 20]).unwrap();
        let bomb = packer.finish().unwrap();
        assert!(bomb.len() < 1 << 20);
        let message = read_archive(bomb.as_slice(), 1 << 20).err().unwrap().to_string();
        assert!(message.starts_with("it expands to more than 1048576 bytes"), "{message}");
        assert!(read_archive(bomb.as_slice(), 65 << 20).unwrap().is_empty());
    }
}
