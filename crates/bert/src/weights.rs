//! safetensors ↔ modules: the table of names. Every parameter must be found.
//!
//! | module | Hugging Face |
//! |---|---|
//! | `embeddings.projection` | `embeddings.projection` (ELECTRA's `embeddings_project`) |
//! | `embeddings.word` (`position`, `token_type`) | `embeddings.word_embeddings.weight` (…) |
//! | `….norm.gamma`, `….norm.beta` | `….LayerNorm.weight`, `….LayerNorm.bias` |
//! | `blocks.i.query` (`key`, `value`) | `encoder.layer.b.attention.self.query` (…), b the kept index |
//! | `blocks.i.attention_output`, `attention_norm` | `….attention.output.dense`, `….attention.output.LayerNorm` |
//! | `blocks.i.intermediate`, `output`, `output_norm` | `….intermediate.dense`, `….output.dense`, `….output.LayerNorm` |
//! | `pooler.dense` | `pooler.dense` |
//!
//! These are BERT's names, without a prefix; [`crate::Family`] says how the files of each family spell them.

use std::borrow::Cow;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, View};

use crate::{Error, TensorSource};

/// BERT's name, without `bert.`, of the parameter at `path`; `index` maps a kept block to its index in the file.
pub fn hugging_face_name(path: &str, index: impl Fn(usize) -> usize) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["embeddings", "norm", leaf] => format!("embeddings.LayerNorm.{}", norm_leaf(leaf)),
        ["embeddings", "projection", leaf] => format!("embeddings.projection.{leaf}"),
        ["embeddings", table] => format!("embeddings.{table}_embeddings.weight"),
        ["blocks", i, layer, leaf] => {
            let index = index(i.parse().unwrap_or_default());
            let (layer, leaf) = match *layer {
                "query" | "key" | "value" => (format!("attention.self.{layer}"), *leaf),
                "attention_output" => ("attention.output.dense".to_owned(), *leaf),
                "attention_norm" => ("attention.output.LayerNorm".to_owned(), norm_leaf(leaf)),
                "output_norm" => ("output.LayerNorm".to_owned(), norm_leaf(leaf)),
                dense => (format!("{dense}.dense"), *leaf),
            };
            format!("encoder.layer.{index}.{layer}.{leaf}")
        }
        _ => path.to_owned(),
    }
}

fn norm_leaf(leaf: &str) -> &'static str {
    if leaf == "gamma" { "weight" } else { "bias" }
}

/// Fill every parameter of `module` from `source`; `name` maps a path to the name in the source.
///
/// # Errors
/// A tensor is missing or has the wrong shape; the first one is named.
pub fn fill<M: Module>(
    module: M,
    source: &mut dyn TensorSource,
    device: &Device,
    name: impl Fn(&str) -> String,
) -> Result<M, Error> {
    let mut filler = ParameterFiller { source, device, name, path: Vec::new(), error: None };
    let filled = module.map(&mut filler);
    filler.error.map_or(Ok(filled), Err)
}

struct ParameterFiller<'a, F> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
    name: F,
    path: Vec<String>,
    error: Option<Error>,
}

impl<F: Fn(&str) -> String> ModuleMapper for ParameterFiller<'_, F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = (self.name)(&self.path.join("."));
        match self.source.take(&name, param.lazy_shape().as_slice()) {
            Ok(data) => Param::from_data(data, self.device),
            Err(error) => {
                self.error.get_or_insert(error);
                param
            }
        }
    }
}

/// A named tensor to be saved.
#[derive(Debug, Clone)]
pub struct NamedTensor {
    /// Its full name in the file.
    pub name: String,
    /// fp32 numbers and shape.
    pub data: TensorData,
}

/// Every parameter of `module`, named by `name` from its path.
pub fn named_tensors<M: Module>(module: &M, name: impl Fn(&str) -> String) -> Vec<NamedTensor> {
    let mut reader = ParameterReader { name, path: Vec::new(), all: Vec::new() };
    module.visit(&mut reader);
    reader.all
}

struct ParameterReader<F> {
    name: F,
    path: Vec<String>,
    all: Vec<NamedTensor>,
}

impl<F: Fn(&str) -> String> ModuleVisitor for ParameterReader<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = (self.name)(&self.path.join("."));
        self.all.push(NamedTensor { name, data: param.val().inner().into_data() });
    }
}

/// Write `tensors` to a safetensors file at `path`, one after the other, without a second copy of the model in memory.
///
/// The file grows under its own name: `path` must lie in a folder that is published later, or belong to the caller
/// alone.
///
/// # Errors
/// The file cannot be written.
pub fn save(path: &Path, tensors: &[NamedTensor]) -> Result<(), Error> {
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    let metadata = Some([("format".to_owned(), "pt".to_owned())].into());
    safetensors::serialize_to_file(named, metadata, path).map_err(|error| match error {
        SafeTensorError::IoError(error) => Error::io("writing", path, error),
        other => Error::file(path, other.to_string()),
    })
}

impl View for &NamedTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.data.shape().as_slice()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.data.as_bytes())
    }

    fn data_len(&self) -> usize {
        self.data.as_bytes().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bert::BERT;
    use crate::{Checkpoint, Config, Encoder, Random};

    fn config() -> Config {
        serde_json::from_value(serde_json::json!({
            "model_type": "bert", "vocab_size": 11, "hidden_size": 4, "num_hidden_layers": 3, "num_attention_heads": 2,
            "intermediate_size": 8, "hidden_act": "gelu", "max_position_embeddings": 6, "type_vocab_size": 2,
            "layer_norm_eps": 1e-12,
        }))
        .unwrap()
    }

    fn encoder(kept: &[usize], source: &mut dyn TensorSource) -> Result<Encoder, Error> {
        let device = Device::flex();
        fill(Encoder::new(&config(), kept.len(), true, &device), source, &device, |path| {
            hugging_face_name(path, |i| kept[i])
        })
    }

    fn file(kept: &[usize]) -> (tempfile::TempDir, std::path::PathBuf) {
        let all = encoder(kept, &mut Random { seed: 1, standard_deviation: 0.02 }).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        save(&path, &named_tensors(&all, |path| format!("bert.{}", hugging_face_name(path, |i| kept[i])))).unwrap();
        (folder, path)
    }

    #[test]
    fn each_parameter_has_the_name_hugging_face_gives_it() {
        let all = encoder(&[0, 1], &mut Random { seed: 1, standard_deviation: 0.02 }).unwrap();
        let mut names: Vec<String> =
            named_tensors(&all, |path| hugging_face_name(path, |i| [0, 5][i])).into_iter().map(|t| t.name).collect();
        names.sort();
        insta::assert_snapshot!(names.join("\n"));
    }

    #[test]
    fn kept_blocks_read_only_their_own_numbers() {
        let (_folder, path) = file(&[0, 1, 2]);
        let mut source = Checkpoint::file(&path, &BERT).unwrap();
        let last = encoder(&[2], &mut source).unwrap();
        let all = encoder(&[0, 1, 2], &mut Checkpoint::file(&path, &BERT).unwrap()).unwrap();
        let of =
            |encoder: &Encoder, kept: &[usize]| named_tensors(encoder, |path| hugging_face_name(path, |i| kept[i]));
        for tensor in of(&last, &[2]) {
            let twin = of(&all, &[0, 1, 2]).into_iter().find(|other| other.name == tensor.name).unwrap();
            assert_eq!(tensor.data, twin.data, "{}", tensor.name);
        }
        assert!(source.unused().iter().all(|name| name.contains("layer.0.") || name.contains("layer.1.")));
        assert_eq!(source.unused().len(), 32);
    }

    #[test]
    fn a_missing_tensor_and_a_wrong_shape_are_named() {
        let (_folder, path) = file(&[0]);
        let message = encoder(&[1], &mut Checkpoint::file(&path, &BERT).unwrap()).unwrap_err().to_string();
        assert!(message.contains("encoder.layer.1.attention.self.query.weight"), "{message}");
        let message = Checkpoint::file(&path, &BERT).unwrap().take("pooler.dense.bias", &[5]).unwrap_err().to_string();
        assert!(message.contains("[4]") && message.contains("[5]"), "{message}");
    }
}
