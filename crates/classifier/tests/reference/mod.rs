//! Cases with reference values from PyTorch + transformers; shared with `train`'s tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};

use bert::{Checkpoint, Config, FAMILIES, Precision, Role, Safetensors, TensorSource, fill};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use classifier::{Definition, EmbeddingsConfig, HeadConfig, Model, inside_name};
use serde_json::{Value, json};

/// A model with its input and its reference values.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Its settings in a study file.
    pub(crate) asked: Value,
    folder: PathBuf,
    /// Prefix of its names in `expected.safetensors`.
    prefix: String,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../classifier/tests/data/heads")
}

/// A BERT with H 48, 3 attention heads, 5 blocks and 37 positions.
pub(crate) fn unusual_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bert/tests/data/parity")
}

/// Every head on a small BERT, then `cls-linear` on one of an unusual shape.
pub(crate) fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(data().join("cases.json")).unwrap();
    let asked: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let case = |(name, asked): (String, Value)| {
        let prefix = format!("{name}.");
        Case { name, asked, folder: data(), prefix }
    };
    let unusual = json!({"blocks": "0,1,2,3,4", "head": {"kind": "cls-linear"}});
    let unusual = Case { name: "unusual".to_owned(), asked: unusual, folder: unusual_folder(), prefix: String::new() };
    asked.into_iter().map(case).chain([unusual]).collect()
}

impl Case {
    pub(crate) fn definition(&self) -> Definition {
        let asked = |name: &str, otherwise: Value| self.asked.get(name).cloned().unwrap_or(otherwise);
        let blocks = self.asked["blocks"].as_str().unwrap();
        Definition {
            encoder: Config::read(&self.folder).unwrap(),
            embeddings: EmbeddingsConfig::from_value(asked("embeddings", json!({"kind": "pretrained"}))).unwrap(),
            kept: blocks.split(',').filter_map(|block| block.parse().ok()).collect(),
            head: HeadConfig::from_value(self.asked["head"].clone()).unwrap(),
            positions: 37,
            classes: 3,
            dropout: 0.0,
            encoder_dropout: 0.0,
            precision: Precision::Fp32,
        }
    }

    /// The model with the weights of the file.
    pub(crate) fn model(&self, device: &Device) -> Model {
        let definition = self.definition();
        let mut file = self.weights();
        let kept = definition.kept.clone();
        let empty = definition.random(1, device).unwrap();
        let unusual = self.name == "unusual";
        let own = |name: &str| if unusual { name.to_owned() } else { format!("{}.{name}", self.name) };
        fill(empty, &mut file, device, |path| match inside_name(path, |block| kept[block]) {
            name if Role::of(&name) == Role::Head => own(&name),
            name => name,
        })
        .unwrap()
    }

    fn weights(&self) -> Checkpoint {
        let file = if self.name == "unusual" { "model.safetensors" } else { "weights.safetensors" };
        Checkpoint::file(&self.folder.join(file), FAMILIES[0]).unwrap()
    }

    pub(crate) fn expected(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        self.file().take(&format!("{}{name}", self.prefix), shape).unwrap().try_to_vec().unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.file().take_all().unwrap().contains_key(&format!("{}{name}", self.prefix))
    }

    fn file(&self) -> Safetensors {
        Safetensors::open(&self.folder.join("expected.safetensors")).unwrap()
    }

    fn input(&self, name: &str, shape: &[usize]) -> Vec<usize> {
        let numbers: Vec<f32> = self.file().take(name, shape).unwrap().try_to_vec().unwrap();
        numbers.into_iter().map(|number| number as usize).collect()
    }

    pub(crate) fn labels(&self) -> Vec<usize> {
        self.input("labels", &[4])
    }

    pub(crate) fn token_ids(&self) -> Vec<Vec<u32>> {
        let (ids, lengths) = (self.input("input_ids", &[4, 37]), self.input("lengths", &[4]));
        let row = |(row, length): (&[usize], usize)| row[..length].iter().map(|&id| id as u32).collect();
        ids.chunks(37).zip(lengths).map(row).collect()
    }

    /// The token ids, leaked because tests are short.
    pub(crate) fn sequences(&self) -> Vec<&'static [u32]> {
        self.token_ids().into_iter().map(|ids| &*ids.leak()).collect()
    }
}

/// Each parameter that has a gradient: its saved name, the gradient, its shape.
pub(crate) fn gradients(model: &Model, gradients: &GradientsParams) -> Vec<(String, Vec<f32>, Vec<usize>)> {
    let names = model.stored().into_iter().map(|tensor| tensor.name).collect();
    let mut visitor = Visitor { gradients, names, visited: 0, found: Vec::new() };
    model.visit(&mut visitor);
    visitor.found
}

/// Visits parameters in the order in which [`Model::stored`] names them.
struct Visitor<'a> {
    gradients: &'a GradientsParams,
    names: Vec<String>,
    visited: usize,
    found: Vec<(String, Vec<f32>, Vec<usize>)>,
}

impl ModuleVisitor for Visitor<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.names[self.visited].clone();
        self.visited += 1;
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let shape = gradient.dims().to_vec();
            self.found.push((name, gradient.into_data().iter::<f32>().collect(), shape));
        }
    }
}
