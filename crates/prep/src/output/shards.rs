//! A folder of shards with its manifest and the texts of the test split. It appears when it is complete.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use records::hash::Hashed;
use records::publish::Pending;
use records::shards::{Counts, Duplicates, Manifest, Shard, TEXTS, Text, file_name, is_file_name};
use records::{Split, jsonl, publish};
use study::Data;
use texts::Review;
use tokens::TextTokenizer;

use super::Prepared;
use crate::tokenize::{Tokenized, Tokenizing};

/// A split has one shard for every 3125 examples or part of them, and at most 8: IMDB's 25,000 make 8.
const EXAMPLES_PER_SHARD: usize = 3125;
const MOST_SHARDS: usize = 8;

/// Write shards and texts, then the manifest, then give the folder its name. A failure leaves no folder.
pub(super) fn write(folder: &Path, prepared: Prepared) -> Result<Manifest> {
    let Prepared { reviews, tokenizing, .. } = prepared;
    let mut manifest = manifest(&prepared.data, prepared.labels, prepared.duplicates, tokenizing.tokenizer);
    publish::dir(folder, |inside| {
        for split in reviews.chunk_by(|a, b| a.split == b.split) {
            write_split(inside, split, tokenizing, &mut manifest)?;
        }
        let json = serde_json::to_string_pretty(&manifest).context("writing `manifest.json`")? + "\n";
        Ok::<_, anyhow::Error>(publish::bytes(&inside.join("manifest.json"), json.as_bytes())?)
    })?;
    Ok(manifest)
}

/// A manifest without counts and files.
pub(super) fn manifest(
    data: &Data,
    labels: Vec<String>,
    duplicates: Duplicates,
    tokenizer: &TextTokenizer,
) -> Manifest {
    Manifest {
        data: data.clone(),
        labels,
        vocab_size: tokenizer.vocab_size,
        pad_token_id: tokenizer.pad_token_id,
        tokenizer_sha256: tokenizer.sha256.clone(),
        splits: BTreeMap::new(),
        duplicates,
        shards: Vec::new(),
        texts: None,
    }
}

/// Count a tokenized example of `split`.
pub(super) fn count(manifest: &mut Manifest, split: Split, tokenized: &Tokenized) {
    let none = || Counts { examples_per_label: vec![0; manifest.labels.len()], ..Counts::default() };
    let counts = manifest.splits.entry(split).or_insert_with(none);
    counts.examples += 1;
    counts.examples_per_label[tokenized.label] += 1;
    counts.tokens += tokenized.n_tokens as u64;
    counts.longest = counts.longest.max(tokenized.length);
    counts.truncated += usize::from(tokenized.length > manifest.data.max_seq_length);
}

/// Write the shards of one split, and the texts if it is the test split.
fn write_split(folder: &Path, reviews: &[Review], tokenizing: &mut Tokenizing, manifest: &mut Manifest) -> Result<()> {
    let split = reviews[0].split;
    let n_shards = reviews.len().div_ceil(EXAMPLES_PER_SHARD).min(MOST_SHARDS);
    let mut texts = (split == Split::Test).then(|| Lines::create(folder, TEXTS.to_owned(), split)).transpose()?;
    for (index, part) in reviews.chunks(reviews.len().div_ceil(n_shards)).enumerate() {
        let mut shard = Lines::create(folder, file_name(split, index, n_shards), split)?;
        tokenizing.each(
            part,
            |example| example,
            |tokenized| {
                count(manifest, split, &tokenized);
                shard.write(&tokenized.line)?;
                let Some(texts) = &mut texts else { return Ok(()) };
                let mut line = Vec::new();
                jsonl::write(&mut line, &Text { id: tokenized.id, text: tokenized.text })?;
                texts.write(&line)
            },
        )?;
        manifest.shards.push(shard.finish()?);
    }
    manifest.texts = texts.map(Lines::finish).transpose()?.or(manifest.texts.take());
    Ok(())
}

/// A file of records that is being written.
struct Lines {
    output: Hashed<Pending>,
    /// What its entry in the manifest will be.
    entry: Shard,
}

impl Lines {
    fn create(folder: &Path, file: String, split: Split) -> Result<Self> {
        let output = Hashed::new(Pending::create(&folder.join(&file))?);
        Ok(Lines { output, entry: Shard { file, split, examples: 0, sha256: String::new() } })
    }

    fn write(&mut self, line: &[u8]) -> Result<()> {
        self.output.write_all(line).with_context(|| format!("writing `{}`", self.entry.file))?;
        self.entry.examples += 1;
        Ok(())
    }

    fn finish(self) -> Result<Shard> {
        let (output, sha256) = self.output.finish();
        output.publish()?;
        Ok(Shard { sha256, ..self.entry })
    }
}

/// Whether a folder contains only shards, their manifest and their texts, so that it may be replaced.
pub(super) fn is_folder_of_shards(folder: &Path) -> bool {
    let named = |name: &str| ["manifest.json", TEXTS].contains(&name) || is_file_name(name);
    let is_ours = |entry: &DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_file()) && entry.file_name().to_str().is_some_and(named)
    };
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    entries.is_ok_and(|entries| entries.iter().all(is_ours))
}
