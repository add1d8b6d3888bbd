//! encoder + dropout + head → logits; loss.

use std::path::Path;

use bert::{Config, Encoder, Error, Precision, Random, Safetensors, Source, Stored, fill, hugging_face_name};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

use crate::Batch;
use crate::heads::{Features, Head, HeadConfig, Sizes};

/// What a model is built from.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The whole encoder's configuration.
    pub encoder: Config,
    /// Indices of the kept blocks, ascending.
    pub kept: Vec<usize>,
    /// The head on top.
    pub head: HeadConfig,
    /// C
    pub classes: usize,
    /// Share of the classifier's input set to zero while training.
    pub dropout: f64,
    /// Number format of the blocks' matrix products.
    pub precision: Precision,
}

/// A truncated encoder with a head on top.
#[derive(Module, Debug)]
pub struct Model {
    encoder: Encoder,
    head: Head,
    #[module(skip)]
    precision: Precision,
}

/// Tensors that a model folder may hold beside what is taken: other heads, and a table of constants.
const KNOWN_EXTRAS: [&str; 4] = ["embeddings.position_ids", "cls.", "classifier.", "pooler."];

impl Definition {
    /// A model with the weights of `folder` in its encoder and a head drawn from `seed`.
    ///
    /// # Errors
    /// The weights are missing, do not fit the configuration, or hold tensors that no BERT has.
    pub fn pretrained(&self, folder: &Path, seed: u64, device: &Device) -> Result<Model, Error> {
        let path = folder.join("model.safetensors");
        let mut weights = open_weights(folder, &path)?;
        let model = self.fill_encoder(&mut weights, seed, device)?;
        self.refuse_strangers(&weights, &path)?;
        Ok(model)
    }

    /// A model drawn from `seed` throughout; nothing is pretrained.
    ///
    /// # Errors
    /// None in practice: every tensor can be drawn.
    pub fn random(&self, seed: u64, device: &Device) -> Result<Model, Error> {
        let standard_deviation = self.encoder.initializer_range;
        self.fill_encoder(&mut Random { seed, standard_deviation }, seed, device)
    }

    /// A model saved by [`Model::stored`], encoder and head, from a file whose blocks are numbered from 0.
    ///
    /// # Errors
    /// The file is missing or holds another model.
    pub fn saved(&self, path: &Path, device: &Device) -> Result<Model, Error> {
        fill(self.empty(device), &mut Safetensors::open(path)?, device, saved_name)
    }

    fn empty(&self, device: &Device) -> Model {
        let Definition { encoder, classes, dropout, precision, .. } = self;
        let sizes = Sizes { hidden_size: encoder.hidden_size, classes: *classes, dropout: *dropout };
        let head = self.head.init(sizes, device);
        let encoder = Encoder::new(encoder, self.kept.len(), self.head.reads_pooler(), device);
        Model { encoder, head, precision: *precision }
    }

    fn fill_encoder(&self, source: &mut dyn Source, seed: u64, device: &Device) -> Result<Model, Error> {
        let Model { encoder, head, precision } = self.empty(device);
        let encoder = fill(encoder, source, device, |path| hugging_face_name(path, &self.kept))?;
        let random = Random { seed, standard_deviation: self.encoder.initializer_range };
        let head = fill(head, &mut HeadSource { random, inputs: 1 }, device, str::to_owned)?;
        Ok(Model { encoder, head, precision })
    }

    /// Nothing over: what is left may belong to other heads and to blocks that are not kept, to nothing else.
    fn refuse_strangers(&self, weights: &Safetensors, path: &Path) -> Result<(), Error> {
        let strangers: Vec<&str> = weights.unused().into_iter().filter(|name| !self.is_known(name)).collect();
        match strangers.first() {
            None => Ok(()),
            Some(first) => {
                let message = format!("{} tensors that no BERT has, the first is `{first}`", strangers.len());
                Err(Error::file(path, message))
            }
        }
    }

    fn is_known(&self, name: &str) -> bool {
        let name = name.trim_start_matches("bert.");
        let block = name.strip_prefix("encoder.layer.").and_then(|rest| rest.split_once('.')?.0.parse().ok());
        let left_out = block.is_some_and(|block: usize| !self.kept.contains(&block));
        left_out || KNOWN_EXTRAS.iter().any(|extra| name.starts_with(extra))
    }
}

fn open_weights(folder: &Path, path: &Path) -> Result<Safetensors, Error> {
    if !path.exists() && folder.join("pytorch_model.bin").exists() {
        return Err(Error::file(
            path,
            "only `pytorch_model.bin` is here, which is code as much as data and is not \
            read; save the model with `safe_serialization=True`",
        ));
    }
    Safetensors::open(path)
}

/// Draws a head as PyTorch initialises its layers: uniform between ±1/√inputs, biases too.
struct HeadSource {
    random: Random,
    /// Of the layer whose weight came last; its bias follows.
    inputs: usize,
}

impl Source for HeadSource {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        if let [_, inputs] = shape {
            self.inputs = *inputs;
        }
        Ok(self.random.uniform(name, shape, self.inputs))
    }
}

impl Model {
    /// Returns `[B, C]` logits, not normalised.
    pub fn forward(&self, batch: &Batch) -> Tensor<2> {
        let encoded = self.encoder.forward(batch.input_ids.clone(), batch.mask.clone(), self.precision);
        self.head.forward(Features { encoded, real: batch.real.clone() })
    }

    /// Every parameter as it is saved: `bert.…` with blocks numbered from 0, and the head's own.
    pub fn stored(&self) -> Vec<Stored> {
        bert::stored(self, |path| {
            format!("{}{}", if path.starts_with("encoder.") { "bert." } else { "" }, saved_name(path))
        })
    }
}

/// The name in a saved file, without `bert.`: the head's path loses the part that names its kind.
fn saved_name(path: &str) -> String {
    let numbered: Vec<usize> = (0..1024).collect();
    match path.strip_prefix("encoder.") {
        Some(rest) => hugging_face_name(rest, &numbered),
        None => path.trim_start_matches("head.").split_once('.').map_or(path, |(_, rest)| rest).to_owned(),
    }
}

/// Mean cross entropy in nats.
///
/// # Shapes
/// - `logits`: `[B, C]`
/// - `labels`: `[B]`
///
/// Returns `[1]`.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let chosen = activation::log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1));
    chosen.mean().neg()
}
