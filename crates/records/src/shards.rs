//! Shards of tokenized examples: their names, their manifest and how to read them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::hash::sha256_hex;
use crate::jsonl::Reader;
use crate::{Error, Split, regular};

/// One tokenized example: a line of a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Unique in the data set, such as `train/pos/0_9`.
    pub id: String,
    /// The class.
    pub label: usize,
    /// `[P]` token ids with `[CLS]` and `[SEP]`, not padded.
    pub input_ids: Vec<u32>,
}

/// `manifest.json`: the content of the shards beside it, and the settings that they were made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The `[data]` of the study.
    pub data: study::Data,
    /// Class names by index.
    pub labels: Vec<String>,
    /// Token ids are smaller than this.
    pub vocab_size: usize,
    /// The token id that fills batches.
    pub pad_token_id: u32,
    /// sha256 of the tokenizer file.
    pub tokenizer_sha256: String,
    /// Counts per split.
    pub splits: BTreeMap<Split, Counts>,
    /// Texts that occur more than once.
    pub duplicates: Duplicates,
    /// The shards, in reading order.
    pub shards: Vec<Shard>,
    /// The texts of the test split; absent in manifests of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Shard>,
}

/// The text of a test example before any cleaning: a line of [`TEXTS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The example's id.
    pub id: String,
    /// Unchanged from the source.
    pub text: String,
}

/// The file of the texts of the test split, in the order of its shards.
pub const TEXTS: &str = "texts.test.jsonl";

const NO_SHARDS: &str = "no shards are there; name the folder that `prep` wrote them to, such as one in `data/shards`";

/// Counts over one split.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Examples.
    pub examples: usize,
    /// Examples per class.
    pub examples_per_label: Vec<usize>,
    /// Tokens with `[CLS]` and `[SEP]`, after truncation.
    pub tokens: u64,
    /// Longest example in tokens, before truncation.
    pub longest: usize,
    /// Examples that lost tokens.
    pub truncated: usize,
}

/// Texts that occur more than once, word for word, counted over the whole source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Extra copies inside train.
    pub within_train: usize,
    /// Extra copies inside test.
    pub within_test: usize,
    /// Distinct texts that occur in both.
    pub across: usize,
}

/// One shard file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// File name inside the folder.
    pub file: String,
    /// Its split.
    pub split: Split,
    /// Lines in it.
    pub examples: usize,
    /// sha256 of its bytes.
    pub sha256: String,
}

/// The file name of shard `index` of `count`.
pub fn file_name(split: Split, index: usize, count: usize) -> String {
    format!("{split}-{index:05}-of-{count:05}.jsonl")
}

/// Whether `name` is a name that [`file_name`] gives.
pub fn is_file_name(name: &str) -> bool {
    let number = |digits: &str| digits.parse().ok().filter(|_| digits.len() == 5);
    let parts = name.strip_suffix(".jsonl").and_then(|stem| stem.split_once('-'));
    let numbers = parts.and_then(|(_, numbers)| numbers.split_once("-of-"));
    let numbers = numbers.and_then(|(index, count)| Some((number(index)?, number(count)?)));
    let splits = [Split::Train, Split::Validation, Split::Test];
    numbers.is_some_and(|(index, count)| splits.iter().any(|split| file_name(*split, index, count) == name))
}

impl Manifest {
    /// Read `manifest.json` in `folder`, and the sha256 of its bytes.
    ///
    /// # Errors
    /// It is missing or not a manifest.
    pub fn read(folder: &Path) -> Result<(Self, String), Error> {
        let path = folder.join("manifest.json");
        let bytes = regular(&path).and_then(std::fs::read).map_err(|e| match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Error::file(folder, NO_SHARDS),
            _ => Error::io("reading", &path, e),
        })?;
        let again = |what: String| Error::file(&path, format!("{what}; remove the folder and run `prep` again"));
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|e| again(e.to_string()))?;
        manifest.check_names().map_err(again)?;
        manifest.data.check().map_err(|e| again(e.to_string()))?;
        Ok((manifest, sha256_hex(&bytes)))
    }

    /// All examples of `split`, in shard order, each shard checked against its sha256.
    ///
    /// # Errors
    /// A shard is missing, has other bytes than the manifest says, or has a wrong line, label or token id.
    pub fn examples(&self, folder: &Path, split: Split) -> Result<Vec<Example>, Error> {
        let mut examples = Vec::new(); // no capacity: the manifest may be wrong about the number
        for shard in self.shards.iter().filter(|shard| shard.split == split) {
            self.read_shard(&folder.join(&shard.file), shard, &mut examples)?;
        }
        Ok(examples)
    }

    /// The texts of the test split, in shard order, checked against their sha256.
    ///
    /// # Errors
    /// The folder has no texts, or their file is missing, has other bytes than the manifest says, or has a wrong line.
    pub fn texts(&self, folder: &Path) -> Result<Vec<Text>, Error> {
        let without =
            "has no texts, because an older `prep` made it; run `prep` to another folder and name that folder";
        let texts = self.texts.as_ref().ok_or_else(|| Error::file(folder, without))?;
        let path = folder.join(&texts.file);
        let bytes = texts.bytes(&path)?;
        Reader::new(path.display().to_string(), BufReader::new(bytes.as_slice())).collect()
    }

    /// Refuse files outside the folder: the manifest may come from elsewhere.
    fn check_names(&self) -> Result<(), String> {
        let plain = |file: &str| Path::new(file).file_name().is_some_and(|name| name == file);
        let mut seen = BTreeSet::new();
        for Shard { file, .. } in self.shards.iter().chain(&self.texts) {
            if !plain(file) {
                return Err(format!("`{file}` is not the name of a file in the folder"));
            }
            if !seen.insert(file) {
                return Err(format!("`{file}` occurs twice"));
            }
        }
        Ok(())
    }

    fn read_shard(&self, path: &Path, shard: &Shard, examples: &mut Vec<Example>) -> Result<(), Error> {
        let bytes = shard.bytes(path)?;
        let mut lines = Reader::<Example, _>::new(path.display().to_string(), BufReader::new(bytes.as_slice()));
        let before = examples.len();
        while let Some(example) = lines.next().transpose()? {
            self.check(&example).map_err(|message| lines.error(message))?;
            examples.push(example);
        }
        let (read, said) = (examples.len() - before, shard.examples);
        match read == said {
            true => Ok(()),
            false => {
                Err(Error::file(path, format!("has {read} examples, but the manifest says {said}; run `prep` again")))
            }
        }
    }

    fn check(&self, example: &Example) -> Result<(), String> {
        if example.label >= self.labels.len() {
            return Err(format!("label {}, but there are {} classes", example.label, self.labels.len()));
        }
        match example.input_ids.iter().find(|&&id| id as usize >= self.vocab_size) {
            Some(id) => Err(format!("token id {id}, but the vocabulary has {} tokens", self.vocab_size)),
            None if example.input_ids.is_empty() => Err("no tokens".to_owned()),
            None if example.input_ids.len() > self.data.max_seq_length => {
                Err(format!("{} tokens, but the limit is {}", example.input_ids.len(), self.data.max_seq_length))
            }
            None => Ok(()),
        }
    }
}

impl Shard {
    /// The bytes at `path`, if they are those of the manifest.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let bytes = regular(path).and_then(std::fs::read).map_err(|e| Error::io("reading", path, e))?;
        match sha256_hex(&bytes) == self.sha256 {
            true => Ok(bytes),
            false => Err(Error::file(path, "differs from its manifest; remove the folder and run `prep` again")),
        }
    }
}

#[cfg(test)]
mod tests;
