//! Synthetic examples and a model's shape, for a machine that has only the tools.

use std::collections::BTreeMap;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use records::hash::sha256_hex;
use records::shards::{Counts, Duplicates, Example, Manifest, Shard, file_name};
use records::{Split, jsonl, publish};
use serde_json::json;
use study::Data;

/// Synthetic examples need no tokenizer; `train` compares the file of the folder with that of the shards.
const TOKENIZER: &str = "{}";
const VOCAB_SIZE: u32 = 28_996;
/// IMDB reviews in tokens: the logarithm is about normal, with a median of 239, and 16 % are longer than 512.
const MEDIAN_LENGTH: f64 = 239.0;
const DEVIATION_OF_LOG: f64 = 0.77;

/// A model folder of BERT-base's shape, without weights.
pub(crate) fn model(folder: &Path) -> anyhow::Result<()> {
    let config = json!({
        "model_type": "bert", "vocab_size": VOCAB_SIZE, "hidden_size": 768, "num_hidden_layers": 12,
        "num_attention_heads": 12, "intermediate_size": 3072, "hidden_act": "gelu", "max_position_embeddings": 512,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12, "initializer_range": 0.02, "pad_token_id": 0,
    });
    publish::bytes(&folder.join("tokenizer.json"), TOKENIZER.as_bytes())?;
    Ok(publish::bytes(&folder.join("config.json"), config.to_string().as_bytes())?)
}

/// Shards of as many examples as `data` says; the first word tells the label, so that a loss can fall.
pub(crate) fn shards(folder: &Path, data: &Data) -> anyhow::Result<()> {
    publish::dir(folder, |out| -> anyhow::Result<()> {
        let (mut splits, mut shards) = (BTreeMap::new(), Vec::new());
        for (split, count) in [(Split::Train, data.train_examples), (Split::Test, data.test_examples)] {
            let examples: Vec<Example> = examples(split, count.unwrap_or(2), data.max_seq_length);
            splits.insert(split, counts(&examples));
            shards.push(shard(out, split, &examples)?);
        }
        let manifest = Manifest {
            data: data.clone(),
            labels: vec!["neg".to_owned(), "pos".to_owned()],
            vocab_size: VOCAB_SIZE as usize,
            pad_token_id: 0,
            tokenizer_sha256: sha256_hex(TOKENIZER.as_bytes()),
            splits,
            duplicates: Duplicates::default(),
            shards,
            texts: None,
        };
        Ok(publish::bytes(&out.join("manifest.json"), serde_json::to_string_pretty(&manifest)?.as_bytes())?)
    })
}

fn examples(split: Split, count: usize, longest: usize) -> Vec<Example> {
    let mut rng = ChaCha8Rng::seed_from_u64(if split == Split::Train { 1 } else { 2 });
    let mut example = |index: usize| {
        let length = length(&mut rng).clamp(3, longest);
        let label = index % 2;
        let words = (3..length).map(|_| 1000 + rng.next_u32() % (VOCAB_SIZE - 1000));
        let input_ids = [101, 500 + label as u32].into_iter().chain(words).chain([102]).collect();
        Example { id: format!("{split}/{index}"), label, input_ids }
    };
    (0..count).map(&mut example).collect()
}

/// A length in tokens; the normal draw is that of Box & Muller 1958.
fn length(rng: &mut ChaCha8Rng) -> usize {
    let mut uniform = || (f64::from(rng.next_u32()) + 0.5) / f64::from(u32::MAX);
    let normal = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    (MEDIAN_LENGTH * (DEVIATION_OF_LOG * normal).exp()) as usize
}

fn counts(examples: &[Example]) -> Counts {
    let of = |label| examples.iter().filter(|example| example.label == label).count();
    let lengths = || examples.iter().map(|example| example.input_ids.len());
    Counts {
        examples: examples.len(),
        examples_per_label: vec![of(0), of(1)],
        tokens: lengths().sum::<usize>() as u64,
        longest: lengths().max().unwrap_or(0),
        truncated: 0,
    }
}

fn shard(folder: &Path, split: Split, examples: &[Example]) -> anyhow::Result<Shard> {
    let mut bytes = Vec::new();
    examples.iter().try_for_each(|example| jsonl::write(&mut bytes, example))?;
    let file = file_name(split, 0, 1);
    publish::bytes(&folder.join(&file), &bytes)?;
    Ok(Shard { file, split, examples: examples.len(), sha256: sha256_hex(&bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthetic_shards_read_back_with_lengths_like_those_of_reviews() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shards");
        let data = json!({"dataset": "jsonl", "tokenizer": "t", "max_seq_length": 512, "train_examples": 4000});
        shards(&path, &serde_json::from_value(data).unwrap()).unwrap();
        let manifest = Manifest::read(&path).unwrap().0;
        let mut lengths: Vec<usize> =
            manifest.examples(&path, Split::Train).unwrap().iter().map(|example| example.input_ids.len()).collect();
        lengths.sort_unstable();
        assert_eq!((lengths.len(), manifest.examples(&path, Split::Test).unwrap().len()), (4000, 2));
        let cut = lengths.iter().filter(|&&length| length == 512).count();
        assert!((225..255).contains(&lengths[2000]) && (560..720).contains(&cut), "{} {cut}", lengths[2000]);
    }
}
