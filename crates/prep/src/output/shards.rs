//! A folder of shards with its manifest and the texts of the test split. It appears when it is complete.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::Path;

use anyhow::{Context, Result};
use records::hash::sha256_hex;
use records::shards::{Counts, Manifest, Shard, TEXTS, Text, file_name, is_file_name};
use records::{Split, jsonl, publish};
use serde::Serialize;

use super::Prepared;
use crate::tokenize::Tokenized;

/// A split has one shard for every 3125 examples or part of them, and at most 8: IMDB's 25,000 make 8.
const EXAMPLES_PER_SHARD: usize = 3125;
const MOST_SHARDS: usize = 8;

/// Write shards and texts, then the manifest, then give the folder its name. A failure leaves no folder.
pub(super) fn write(folder: &Path, prepared: Prepared) -> Result<Manifest> {
    let examples = prepared.examples;
    let mut manifest = manifest(prepared);
    publish::dir(folder, |inside| {
        manifest.shards =
            splits(examples).map(|split| write_split(inside, split)).collect::<Result<Vec<_>>>()?.concat();
        manifest.texts = write_texts(inside, examples)?;
        let json = serde_json::to_string_pretty(&manifest).context("writing `manifest.json`")? + "\n";
        Ok::<_, anyhow::Error>(publish::bytes(&inside.join("manifest.json"), json.as_bytes())?)
    })?;
    Ok(manifest)
}

/// The manifest without its list of files.
pub(super) fn manifest(prepared: Prepared) -> Manifest {
    let Prepared { data, labels, duplicates, tokenizer, examples } = prepared;
    let counts = |split: &[Tokenized]| (split[0].split, counts(split, labels.len(), data.max_seq_length));
    let splits: BTreeMap<Split, Counts> = splits(examples).map(counts).collect();
    Manifest {
        data,
        labels,
        vocab_size: tokenizer.vocab_size,
        pad_token_id: tokenizer.pad_token_id,
        tokenizer_sha256: tokenizer.sha256.clone(),
        splits,
        duplicates,
        shards: Vec::new(),
        texts: None,
    }
}

fn splits(examples: &[Tokenized]) -> impl Iterator<Item = &[Tokenized]> {
    examples.chunk_by(|a, b| a.split == b.split)
}

fn counts(split: &[Tokenized], n_labels: usize, max_seq_length: usize) -> Counts {
    let mut counts = Counts { examples: split.len(), examples_per_label: vec![0; n_labels], ..Counts::default() };
    for Tokenized { length, example, .. } in split {
        counts.examples_per_label[example.label] += 1;
        counts.tokens += example.input_ids.len() as u64;
        counts.longest = counts.longest.max(*length);
        counts.truncated += usize::from(*length > max_seq_length);
    }
    counts
}

fn write_split(folder: &Path, examples: &[Tokenized]) -> Result<Vec<Shard>> {
    let n_shards = examples.len().div_ceil(EXAMPLES_PER_SHARD).min(MOST_SHARDS);
    let shards = examples.chunks(examples.len().div_ceil(n_shards)).enumerate();
    shards.map(|(index, shard)| write_shard(folder, file_name(shard[0].split, index, n_shards), shard)).collect()
}

fn write_shard(folder: &Path, file: String, examples: &[Tokenized]) -> Result<Shard> {
    write_lines(folder, file, examples[0].split, examples.iter().map(|tokenized| &tokenized.example))
}

/// Write the texts of all test examples to one file; no file without test examples.
fn write_texts(folder: &Path, examples: &[Tokenized]) -> Result<Option<Shard>> {
    let text = |Tokenized { example, text, .. }: &Tokenized| Some(Text { id: example.id.clone(), text: text.clone()? });
    let texts = || examples.iter().filter_map(text);
    texts().next().map(|_| write_lines(folder, TEXTS.to_owned(), Split::Test, texts())).transpose()
}

fn write_lines<T: Serialize>(
    folder: &Path,
    file: String,
    split: Split,
    lines: impl Iterator<Item = T>,
) -> Result<Shard> {
    let (mut bytes, mut examples) = (Vec::new(), 0);
    for line in lines {
        jsonl::write(&mut bytes, &line).with_context(|| format!("writing `{file}`"))?;
        examples += 1;
    }
    publish::bytes(&folder.join(&file), &bytes)?;
    Ok(Shard { file, split, examples, sha256: sha256_hex(&bytes) })
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
