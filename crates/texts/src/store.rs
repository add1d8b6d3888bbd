//! The texts of a source, outside of memory where they are many.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Texts of more bytes than this go to a file.
const MOST_IN_MEMORY: usize = 32 << 20;

/// All texts of a source. The first ones go to a nameless file in `folder` when there are more than fit in memory.
pub struct Store {
    folder: PathBuf,
    file: Option<File>,
    /// Bytes in the file.
    filed: u64,
    /// The texts behind those.
    memory: Vec<u8>,
    most: usize,
}

/// Where a text is, and what makes it equal to another one.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    at: u64,
    length: u32,
    /// The first half of its sha256: no two different texts of a source have the same.
    pub digest: [u8; 16],
}

impl Text {
    /// Bytes of the text.
    pub fn n_bytes(&self) -> usize {
        self.length as usize
    }
}

impl Store {
    /// An empty one.
    pub fn new(folder: PathBuf) -> Self {
        Store { folder, file: None, filed: 0, memory: Vec::new(), most: MOST_IN_MEMORY }
    }

    /// Keep `text`.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn put(&mut self, text: &str) -> Result<Text> {
        if self.memory.len() + text.len() > self.most {
            self.move_to_file().with_context(|| format!("writing a file in `{}`", self.folder.display()))?;
        }
        let at = self.filed + self.memory.len() as u64;
        self.memory.extend_from_slice(text.as_bytes());
        let length = u32::try_from(text.len()).context("a text of 4 GiB")?;
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256::digest(text)[..16]);
        Ok(Text { at, length, digest })
    }

    fn move_to_file(&mut self) -> std::io::Result<()> {
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile_in(&self.folder)?);
        }
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::End(0))?;
            file.write_all(&self.memory)?;
        }
        self.filed += self.memory.len() as u64;
        self.memory.clear();
        Ok(())
    }

    /// A text that was put here.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn text(&mut self, text: &Text) -> Result<String> {
        let mut bytes = vec![0; text.n_bytes()];
        match (&mut self.file, text.at.checked_sub(self.filed)) {
            (_, Some(start)) => bytes.copy_from_slice(&self.memory[start as usize..][..text.n_bytes()]),
            (Some(file), None) => {
                let read = file.seek(SeekFrom::Start(text.at)).and_then(|_| file.read_exact(&mut bytes));
                read.with_context(|| format!("reading a file in `{}`", self.folder.display()))?;
            }
            (None, None) => {} // nothing was moved
        }
        String::from_utf8(bytes).context("a text changed on disk")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_again_in_any_order_in_memory_and_in_the_file() {
        let place = tempfile::tempdir().unwrap();
        let mut store = Store { most: 100, ..Store::new(place.path().to_owned()) };
        let written: Vec<String> = (0..50).map(|n| "é".repeat(n)).collect();
        let kept: Vec<Text> = written.iter().map(|text| store.put(text).unwrap()).collect();
        assert!(store.filed > 2000 && store.memory.len() <= 100);
        for (kept, written) in kept.iter().zip(&written).rev() {
            assert_eq!(&store.text(kept).unwrap(), written);
        }
        assert_eq!(store.put("éé").unwrap().digest, kept[2].digest);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "the file has no name");
    }
}
