use classifier::device::Engine;
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use records::run_dir::RunDir;
use records::shards::{Example, Manifest};
use serde_json::{Value, json};
use study::Configuration;

use crate::epoch;
use crate::input::{Input, Work};
use crate::trainer::Run;

const VOCAB_SIZE: usize = 40;

/// Word 39 is in no text, those from 20 on in few, 5 in all; 0 is padding.
fn examples() -> Vec<Example> {
    let word = |index: usize, place: usize| match (index * 7 + place * 11) % 23 {
        drawn if drawn < 3 => 20 + (index + place) % 19,
        drawn => 6 + drawn % 14,
    };
    let one = |index: usize| {
        let words = (0..2 + index % 6).map(|place| word(index, place) as u32);
        Example { id: index.to_string(), label: index % 2, input_ids: [5].into_iter().chain(words).collect() }
    };
    (0..26).map(one).collect()
}

pub(crate) fn input(changes: &Value, engine: Engine) -> Input {
    let encoder = serde_json::from_value(json!({
        "model_type": "bert", "vocab_size": VOCAB_SIZE, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 16, "hidden_act": "gelu", "max_position_embeddings": 9, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "initializer_range": 0.5,
    }));
    let manifest: Result<Manifest, _> = serde_json::from_value(json!({
        "data": {"dataset": "d", "tokenizer": "t", "max_seq_length": 9}, "labels": ["a", "b"], "vocab_size": VOCAB_SIZE,
        "pad_token_id": 0, "tokenizer_sha256": "", "splits": {}, "shards": [],
        "duplicates": {"within_train": 0, "within_test": 0, "across": 0},
    }));
    let mut asked = json!({
        "id": "words-s1", "configuration": "words", "seed": 3, "encoder": "tiny", "weights": "random", "blocks": "first:2",
        "precision": "fp32", "epochs": 4, "batch_size": 4, "dropout": 0.0, "head": {"kind": "cls-linear"},
        "optimizer": {"kind": "adamw", "encoder_learning_rate": 0.02, "head_learning_rate": 0.01, "weight_decay": 0.1,
                      "epsilon": 1e-3},
    });
    asked.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let embeddings = asked.as_object_mut().unwrap().remove("embeddings").unwrap_or(json!({"kind": "pretrained"}));
    let configuration = Configuration::from_json(&asked.to_string()).unwrap();
    let definition = Definition {
        encoder: encoder.unwrap(),
        kept: if embeddings["kind"] == "table" { vec![] } else { vec![0, 1] },
        embeddings: EmbeddingsConfig::from_value(embeddings).unwrap(),
        head: HeadConfig::from_value(asked["head"].clone()).unwrap(),
        positions: 9,
        classes: 2,
        dropout: 0.0,
        encoder_dropout: 0.0,
        precision: bert::Precision::Fp32,
    };
    let work = Work {
        configuration,
        configuration_sha256: String::new(),
        model_folder: "nowhere".into(),
        encoder: definition.encoder.clone(),
        manifest: manifest.unwrap(),
        shards_sha256: String::new(),
        weights_sha256: String::new(),
        encoder_sha256: String::new(),
        train: examples(),
        validation: Vec::new(),
        test: Vec::new(),
    };
    Input { work, definition, engine, tokens_at_once: 100.into(), eager: true }
}

/// Every parameter and every moment after four epochs.
fn trained(changes: &Value, by_rows: bool, tokens_at_once: usize) -> Vec<(String, Vec<f32>)> {
    trained_where(usize::MAX, changes, by_rows, tokens_at_once).unwrap()
}

/// The same on a device that has memory for `fits` tokens.
fn trained_where(
    fits: usize,
    changes: &Value,
    by_rows: bool,
    tokens_at_once: usize,
) -> anyhow::Result<Vec<(String, Vec<f32>)>> {
    let engine = Engine::open(if cfg!(feature = "libtorch") { "cpu" } else { "flex" }).unwrap();
    let (input, folder) =
        (Input { tokens_at_once: tokens_at_once.into(), ..input(changes, engine) }, tempfile::tempdir().unwrap());
    let mut run = Run::resume(&input, &RunDir::new(folder.path())).unwrap();
    assert_eq!(run.learner.by_rows, cfg!(feature = "libtorch"));
    run.learner.by_rows &= by_rows;
    run.learner.fits = fits;
    for epoch in 1..=4 {
        epoch::train(&mut run, epoch)?;
    }
    let parameters = run.learner.model.stored().into_iter().map(|tensor| (tensor.name, tensor.data));
    let all = parameters.chain(run.learner.optimizer.moments());
    Ok(all.map(|(name, data)| (name, data.iter::<f32>().collect())).collect())
}

fn to_the_bit(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// With each part of a recipe that reaches the table.
#[test]
fn a_word_table_learns_the_same_by_rows_and_as_a_whole() {
    let recipes = [
        json!({}),
        json!({"gradient_accumulation_steps": 3, "gradient_clip_norm": 0.1}),
        json!({"freeze": {"embeddings": 2, "blocks": 1}, "gradient_clip_norm": 0.1}),
        json!({"schedule": {"kind": "linear", "warmup": 0.3}, "optimizer": {"kind": "adamw", "layer_decay": 0.5,
               "encoder_learning_rate": 0.02, "head_learning_rate": 0.01, "weight_decay": 0.1, "epsilon": 1e-3}}),
        json!({"head": {"kind": "flatten-linear"}}), // reads padding, which must not learn
        json!({"head": {"kind": "mean-linear"}, "embeddings": {"kind": "table", "size": 5}, "blocks": "none"}),
        json!({"head": {"kind": "flatten-linear"}, "embeddings": {"kind": "table", "size": 5}, "blocks": "none"}),
    ];
    for recipe in recipes {
        for (whole, rows) in trained(&recipe, false, 100).into_iter().zip(trained(&recipe, true, 100)) {
            assert!(to_the_bit(&whole.1) == to_the_bit(&rows.1), "{recipe}: {} differs", whole.0);
        }
    }
}

#[test]
fn a_batch_in_parts_teaches_what_it_does_as_a_whole() {
    let recipes = [json!({}), json!({"gradient_accumulation_steps": 3, "gradient_clip_norm": 0.1})];
    for recipe in recipes {
        for (whole, parts) in trained(&recipe, true, 100).into_iter().zip(trained(&recipe, true, 6)) {
            let apart = whole.1.iter().zip(&parts.1).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{recipe}: {} differs by {apart}", whole.0);
        }
    }
}

/// The device gives up in the middle of a step, again and again, until the parts are small enough.
#[test]
fn a_batch_that_does_not_fit_goes_by_halves_and_teaches_the_same() {
    for recipe in [json!({}), json!({"gradient_accumulation_steps": 3})] {
        let halved = trained_where(9, &recipe, true, 100).unwrap();
        for (whole, parts) in trained(&recipe, true, 100).into_iter().zip(halved) {
            let apart = whole.1.iter().zip(&parts.1).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{recipe}: {} differs by {apart}", whole.0);
        }
    }
    let nothing_fits = trained_where(1, &json!({}), true, 100).unwrap_err().to_string();
    assert!(
        nothing_fits.starts_with("run `words-s1`, epoch 1, step 0: out of memory with 1 texts of "),
        "{nothing_fits}"
    );
    assert!(nothing_fits.contains("lower `max_seq_length`"), "{nothing_fits}");
}
