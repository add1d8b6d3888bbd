use classifier::device::Engine;
use classifier::{Definition, EmbeddingsConfig, HeadConfig};
use records::run_dir::RunDir;
use records::shards::Example;
use serde_json::{Value, json};
use study::Configuration;

use crate::inputs::{RunInputs, TrainingSetup};
use crate::trainer::Run;

const VOCAB_SIZE: usize = 40;

/// Word 39 is in no text, words from 20 on are in few texts, word 5 is in all; 0 is padding, which is in some texts.
fn examples() -> Vec<Example> {
    let word = |index: usize, place: usize| match (index * 7 + place * 11) % 23 {
        0 if place == 2 => 0,
        drawn if drawn < 3 => 20 + (index + place) % 19,
        drawn => 6 + drawn % 14,
    };
    let one = |index: usize| {
        let words = (0..2 + index % 6).map(|place| word(index, place) as u32);
        Example { id: index.to_string(), label: index % 2, input_ids: [5].into_iter().chain(words).collect() }
    };
    (0..26).map(one).collect()
}

fn setup(changes: &Value, engine: Engine) -> TrainingSetup {
    let positions = 9;
    let encoder = json!({"vocab_size": VOCAB_SIZE, "num_hidden_layers": 2, "max_position_embeddings": positions,
                         "initializer_range": 0.5});
    let data = json!({"dataset": "jsonl", "tokenizer": "tiny", "max_seq_length": positions});
    let manifest = fixtures::manifest(json!({"data": data, "vocab_size": VOCAB_SIZE}));
    let mut asked = fixtures::configuration(json!({
        "id": "words-s1", "seed": 3, "epochs": 4, "batch_size": 4, "dropout": 0.0,
        "optimizer": {"kind": "adamw", "encoder_learning_rate": 0.02, "head_learning_rate": 0.01, "weight_decay": 0.1,
                      "epsilon": 1e-3},
    }));
    asked.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let embeddings = asked.as_object_mut().unwrap().remove("embeddings").unwrap_or(json!({"kind": "pretrained"}));
    let configuration = Configuration::from_json(&asked.to_string()).unwrap();
    let definition = Definition {
        encoder: serde_json::from_value(fixtures::encoder(encoder)).unwrap(),
        kept: if embeddings["kind"] == "table" { vec![] } else { vec![0, 1] },
        embeddings: EmbeddingsConfig::from_value(embeddings).unwrap(),
        head: HeadConfig::from_value(asked["head"].clone()).unwrap(),
        positions,
        classes: 2,
        dropout: 0.0,
        encoder_dropout: 0.0,
        precision: bert::Precision::Fp32,
    };
    let inputs = RunInputs {
        configuration,
        configuration_sha256: String::new(),
        model_folder: "nowhere".into(),
        encoder: definition.encoder.clone(),
        manifest: serde_json::from_value(manifest).unwrap(),
        shards_sha256: String::new(),
        weights_sha256: String::new(),
        encoder_sha256: String::new(),
        class_weights: None,
        train: examples(),
        validation: Vec::new(),
        test: Vec::new(),
    };
    TrainingSetup { inputs, definition, engine, tokens_at_once: 100.into() }
}

/// Every parameter and every moment after four epochs.
fn trained(changes: &Value, by_rows: bool, tokens_at_once: usize) -> Vec<(String, Vec<f32>)> {
    trained_where(usize::MAX, changes, by_rows, tokens_at_once).unwrap()
}

/// The same on a device with memory for `fits` tokens.
fn trained_where(
    fits: usize,
    changes: &Value,
    by_rows: bool,
    tokens_at_once: usize,
) -> anyhow::Result<Vec<(String, Vec<f32>)>> {
    let engine = Engine::open(if cfg!(feature = "libtorch") { "cpu" } else { "flex" }).unwrap();
    let (setup, folder) = (
        TrainingSetup { tokens_at_once: tokens_at_once.into(), ..setup(changes, engine) },
        tempfile::tempdir().unwrap(),
    );
    let mut run = Run::resume(&setup, &RunDir::new(folder.path())).unwrap();
    assert_eq!(run.learner.by_rows, cfg!(feature = "libtorch"));
    run.learner.by_rows &= by_rows;
    run.learner.fits = fits;
    for epoch in 1..=4 {
        run.train(epoch).map_err(|error| run.record_failure(epoch, error))?;
    }
    let parameters = run.learner.model.stored().into_iter().map(|tensor| (tensor.name, tensor.data));
    let all = parameters.chain(run.learner.optimizer.moments());
    Ok(all.map(|(name, data)| (name, data.iter::<f32>().collect())).collect())
}

fn to_the_bit(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Recipes with each setting that affects the table.
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

/// As in Hugging Face (`padding_idx`), whatever the head reads and wherever the padding token is.
#[test]
fn the_padding_token_of_a_text_does_not_learn() {
    assert!(examples().iter().any(|text| text.input_ids.contains(&0)));
    for by_rows in [false, true] {
        let all = trained(&json!({}), by_rows, 100);
        let (_, mean) = all.iter().find(|(name, _)| name == "mean.body.Bert.embeddings.word").unwrap();
        let moved = |word: usize| mean.chunks(mean.len() / VOCAB_SIZE).nth(word).unwrap().iter().any(|it| *it != 0.0);
        assert_eq!((moved(0), moved(5)), (false, true), "by rows: {by_rows}");
    }
}

#[test]
fn a_batch_in_parts_learns_the_same_as_a_whole() {
    let recipes = [json!({}), json!({"gradient_accumulation_steps": 3, "gradient_clip_norm": 0.1})];
    for recipe in recipes {
        for (whole, parts) in trained(&recipe, true, 100).into_iter().zip(trained(&recipe, true, 6)) {
            let apart = whole.1.iter().zip(&parts.1).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{recipe}: {} differs by {apart}", whole.0);
        }
    }
}

/// The device runs out of memory in the middle of a step until the parts are small enough.
#[test]
fn a_batch_that_does_not_fit_is_halved_and_learns_the_same() {
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
