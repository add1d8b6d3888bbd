//! Three optimizer steps of every head against PyTorch's, group by group (`crates/classifier/tests/data/make_heads.py`).

#[path = "../../classifier/tests/reference/mod.rs"]
mod cases;

use std::collections::BTreeMap;

use burn::tensor::Device;
use cases::{Case, cases};
use classifier::device::Engine;
use fused::devices;
use records::run_dir::RunDir;
use records::shards::{Example, Manifest};
use serde_json::json;
use study::Configuration;

use crate::epoch;
use crate::input::{Input, Work};
use crate::trainer::Run;

fn configuration(case: &Case) -> Configuration {
    let mut configuration = json!({
        "id": "case-s1", "configuration": "case", "seed": 1, "encoder": "tiny", "weights": "random",
        "precision": "fp32", "epochs": 3, "batch_size": 4, "dropout": 0.0,
    });
    configuration.as_object_mut().unwrap().extend(case.asked.as_object().unwrap().clone());
    Configuration::from_json(&configuration.to_string()).unwrap()
}

fn manifest() -> Manifest {
    let value = json!({
        "data": {"dataset": "d", "tokenizer": "t", "max_seq_length": 37}, "labels": ["a", "b", "c"], "vocab_size": 25,
        "pad_token_id": 0, "tokenizer_sha256": "", "splits": {}, "shards": [],
        "duplicates": {"within_train": 0, "within_test": 0, "across": 0},
    });
    serde_json::from_value(value).unwrap()
}

/// The one batch as train examples; three epochs over it are three steps.
fn input(case: &Case, device: &Device) -> Input {
    let example =
        |(index, (input_ids, label)): (usize, (Vec<u32>, usize))| Example { id: index.to_string(), label, input_ids };
    let definition = case.definition();
    let work = Work {
        configuration: configuration(case),
        configuration_sha256: String::new(),
        model_folder: "nowhere".into(),
        encoder: definition.encoder.clone(),
        manifest: manifest(),
        shards_sha256: String::new(),
        weights_sha256: String::new(),
        encoder_sha256: String::new(),
        train: case.token_ids().into_iter().zip(case.labels()).enumerate().map(example).collect(),
        validation: Vec::new(),
        test: Vec::new(),
    };
    let engine = Engine { device: device.clone(), name: "test".into(), hardware: "test".into(), threads: 1 };
    Input { work, definition, engine, tokens_at_once: usize::MAX.into(), eager: true }
}

/// Every parameter after three steps, by its saved name.
fn after_three_steps(case: &Case, device: &Device) -> BTreeMap<String, (Vec<f32>, Vec<usize>)> {
    let (input, folder) = (input(case, device), tempfile::tempdir().unwrap());
    let mut run = Run::resume(&input, &RunDir::new(folder.path())).unwrap();
    run.learner.model = case.model(&device.clone().autodiff());
    for epoch in 1..=3 {
        epoch::train(&mut run, epoch).unwrap();
    }
    assert_eq!(run.learner.optimizer.steps(), 3);
    let entry = |tensor: bert::Stored| (tensor.name, (tensor.data.iter().collect(), tensor.data.shape().to_vec()));
    run.learner.model.stored().into_iter().map(entry).collect()
}

#[test]
fn parameters_after_three_steps_are_pytorchs() {
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
