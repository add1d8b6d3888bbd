//! Three optimizer steps of every head against PyTorch's, group by group (`crates/classifier/tests/data/make_heads.py`).

#[path = "../../classifier/tests/reference/mod.rs"]
mod cases;

use std::collections::BTreeMap;

use burn::tensor::Device;
use cases::{Case, cases};
use classifier::HeadConfig;
use classifier::device::Engine;
use fused::devices;
use records::run_dir::RunDir;
use records::shards::{Example, Manifest};
use serde_json::json;
use study::Configuration;

use crate::inputs::{RunInputs, TrainingSetup, class_weights};
use crate::prepared;
use crate::trainer::Run;

fn configuration(case: &Case) -> Configuration {
    let mut asked = json!({"epochs": 3, "batch_size": 4, "dropout": 0});
    asked.as_object_mut().unwrap().extend(case.asked.as_object().unwrap().clone());
    Configuration::from_json(&fixtures::configuration(asked).to_string()).unwrap()
}

fn manifest() -> Manifest {
    let data = json!({"dataset": "jsonl", "tokenizer": "tiny", "max_seq_length": 37});
    let changes = json!({"data": data, "labels": ["a", "b", "c"], "vocab_size": 25});
    serde_json::from_value(fixtures::manifest(changes)).unwrap()
}

/// One batch as train examples; three epochs over it are three steps.
fn setup(case: &Case, device: &Device) -> TrainingSetup {
    let example =
        |(index, (input_ids, label)): (usize, (Vec<u32>, usize))| Example { id: index.to_string(), label, input_ids };
    let (definition, configuration, manifest) = (case.definition(), configuration(case), manifest());
    let train: Vec<Example> = case.token_ids().into_iter().zip(case.labels()).enumerate().map(example).collect();
    let inputs = RunInputs {
        class_weights: class_weights(&configuration, &manifest.labels, &train).unwrap(),
        configuration,
        configuration_sha256: String::new(),
        model_folder: "nowhere".into(),
        encoder: definition.encoder.clone(),
        manifest,
        shards_sha256: String::new(),
        weights_sha256: String::new(),
        encoder_sha256: String::new(),
        train,
        validation: Vec::new(),
        test: Vec::new(),
    };
    let engine = Engine { device: device.clone(), name: "test".into(), hardware: "test".into(), threads: 1 };
    TrainingSetup { inputs, definition, engine, tokens_at_once: usize::MAX.into() }
}

/// Every parameter after three steps, by its saved name.
fn after_three_steps(case: &Case, device: &Device) -> BTreeMap<String, (Vec<f32>, Vec<usize>)> {
    let (setup, folder) = (setup(case, device), tempfile::tempdir().unwrap());
    let mut run = Run::resume(&setup, &RunDir::new(folder.path())).unwrap();
    run.learner.model = case.model(&device.clone().autodiff());
    for epoch in 1..=3 {
        run.train(epoch).unwrap();
    }
    assert_eq!(run.learner.optimizer.steps(), 3);
    let entry = |tensor: bert::NamedTensor| (tensor.name, (tensor.data.iter().collect(), tensor.data.shape().to_vec()));
    run.learner.model.stored().into_iter().map(entry).collect()
}

#[test]
fn small_products_without_a_recurrent_head_train_on_one_thread() {
    let mut definition = cases().remove(0).definition();
    let mut is_tiny = |kind, tokens_per_batch| {
        definition.head = HeadConfig::from_value(json!({"kind": kind})).unwrap();
        prepared::is_tiny(&definition, tokens_per_batch)
    };
    assert!(is_tiny("cls-linear", 20));
    assert!(!is_tiny("bilstm", 20));
    assert!(!is_tiny("cls-linear", 4_000_000));
}

#[test]
fn parameters_after_three_steps_equal_pytorch() {
    for device in devices() {
        for case in cases().into_iter().filter(|case| case.name != "unusual") {
            let found = after_three_steps(&case, &device);
            for (name, (found, shape)) in found {
                let expected = case.expected(&format!("after.{name}"), &shape);
                let largest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(largest < 1e-6, "{device:?} {} {name}: {largest}", case.name);
            }
        }
    }
}
