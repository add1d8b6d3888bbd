//! Logits, loss and every gradient of `cls-linear` against Hugging Face's `BertForSequenceClassification`
//! (`crates/bert/tests/data/make_parity.py`), on every engine that is built in.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use bert::{Config, Precision, Safetensors, Source};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use classifier::{Batch, Definition, HeadConfig, Model, batch, cross_entropy, predict};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bert/tests/data/parity")
}

#[cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23"))]
fn devices() -> Vec<Device> {
    vec![
        Device::flex(),
        #[cfg(feature = "libtorch")]
        Device::libtorch(),
    ]
}

fn expected(name: &str, shape: &[usize]) -> Vec<f32> {
    let mut file = Safetensors::open(&folder().join("expected.safetensors")).unwrap();
    file.take(name, shape).unwrap().try_to_vec().unwrap()
}

fn model(kept: &[usize], device: &Device) -> Model {
    let head = HeadConfig::from_value(serde_json::json!({"kind": "cls-linear"})).unwrap();
    let encoder = Config::read(&folder()).unwrap();
    let definition =
        Definition { encoder, kept: kept.to_vec(), head, classes: 3, dropout: 0.0, precision: Precision::Fp32 };
    // The file numbers all blocks: `saved` reads a file whose blocks are the kept ones, so rename through a copy.
    let all = Definition { kept: vec![0, 1, 2, 3], ..definition.clone() };
    let source = all.saved(&folder().join("model.safetensors"), device).unwrap();
    let mut stored = source.stored();
    stored.retain_mut(|tensor| renumber(&mut tensor.name, kept));
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("model.safetensors");
    std::fs::write(&path, bert::save(&stored).unwrap()).unwrap();
    definition.saved(&path, device).unwrap()
}

/// `layer.5.` becomes `layer.<its place among the kept>.`; false if it is not kept.
fn renumber(name: &mut String, kept: &[usize]) -> bool {
    let Some(at) = name.find("layer.") else { return true };
    let index: usize = name[at + 6..at + 7].parse().unwrap();
    let place = kept.iter().position(|&block| block == index);
    if let Some(place) = place {
        name.replace_range(at + 6..at + 7, &place.to_string());
    }
    place.is_some()
}

fn sequences() -> Vec<Vec<u32>> {
    let ids = expected("input_ids", &[3, 12]);
    let lengths = expected("lengths", &[3]);
    ids.chunks(12).zip(lengths).map(|(row, n)| row[..n as usize].iter().map(|&id| id as u32).collect()).collect()
}

#[test]
fn logits_of_every_choice_of_blocks_are_hugging_faces() {
    let choices: [(&str, &[usize]); 6] = [
        ("none", &[]),
        ("first1", &[0]),
        ("first3", &[0, 1, 2]),
        ("all", &[0, 1, 2, 3]),
        ("last2", &[2, 3]),
        ("every2", &[0, 2]),
    ];
    let sequences = sequences();
    let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    for device in devices() {
        for (name, kept) in choices {
            let logits = predict(&model(kept, &device).valid(), &sequences, 0, &device, |_| {}).concat();
            for (found, expected) in logits.iter().zip(expected(&format!("{name}.logits"), &[3, 3])) {
                assert!((found - expected).abs() < 1e-5, "{device:?} {name}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn loss_and_the_gradient_of_every_parameter_are_hugging_faces() {
    for device in devices() {
        let tracked = device.autodiff();
        let model = model(&[0, 1, 2, 3], &tracked);
        let sequences = sequences();
        let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let logits = model.forward(&Batch::new(&sequences, 0, &tracked));
        let loss = cross_entropy(logits, batch::labels(&[0, 2, 1], &tracked));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        assert!((loss.into_scalar::<f32>() - expected("all.loss", &[1])[0]).abs() < 1e-5);
        let names = model.stored().into_iter().map(|tensor| tensor.name).collect();
        let mut compare = Compare { gradients, names, compared: 0 };
        model.visit(&mut compare);
        assert_eq!(compare.compared, 73, "5 embedding, 16 block parameters four times, pooler and classifier");
    }
}

/// Visits parameters in the order in which [`Model::stored`] names them.
struct Compare {
    gradients: GradientsParams,
    names: Vec<String>,
    compared: usize,
}

impl ModuleVisitor for Compare {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = &self.names[self.compared];
        let found = self.gradients.get::<D>(param.id).unwrap();
        let expected = expected(&format!("gradient.{name}"), &found.dims());
        let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        for (found, expected) in found.into_data().iter::<f32>().zip(expected) {
            assert!((found - expected).abs() < 1e-5 * largest.max(1.0), "{name}: {found} is not {expected}");
        }
        self.compared += 1;
    }
}
