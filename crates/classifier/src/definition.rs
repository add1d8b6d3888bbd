//! What a model is built from, and the three places its numbers come from: a folder, a seed, a saved file.

use std::path::Path;

use bert::{Config, Encoder, Error, Pass, Precision, Random, Safetensors, Source, fill, hugging_face_name};
use burn::module::Module;
use burn::tensor::Device;

use crate::draws::{HeadSource, NewPooler};
use crate::embeddings::{EmbeddingsConfig, Table};
use crate::heads::{HeadConfig, Pooler, Sizes};
use crate::model::{Body, Model};
use crate::names;

/// What a model is built from.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The whole encoder's configuration.
    pub encoder: Config,
    /// What turns token ids into vectors.
    pub embeddings: EmbeddingsConfig,
    /// Indices of the kept blocks, ascending.
    pub kept: Vec<usize>,
    /// The head on top.
    pub head: HeadConfig,
    /// P at most: what the data are cut to.
    pub positions: usize,
    /// C
    pub classes: usize,
    /// Share of the classifier's input set to zero while training.
    pub dropout: f64,
    /// Share of hidden states and attention weights set to zero inside the encoder while training.
    pub encoder_dropout: f64,
    /// Number format of the blocks' matrix products.
    pub precision: Precision,
}

/// Tensors that a model folder may hold beside what is taken: other heads, and a table of constants.
const KNOWN_EXTRAS: [&str; 4] = ["embeddings.position_ids", "cls.", "classifier.", "pooler."];

impl Definition {
    /// Whether the parts fit each other.
    ///
    /// # Errors
    /// Blocks or a pooler on top of embeddings that no encoder was trained with.
    pub fn check(&self) -> Result<(), String> {
        match (&self.embeddings, self.kept.len(), self.head.needs().pooler) {
            (EmbeddingsConfig::Table { .. }, 1.., _) => {
                Err("pretrained blocks cannot read embeddings `table`: use `blocks = \"none\"`".to_owned())
            }
            (EmbeddingsConfig::Table { .. }, _, Some(_)) => {
                Err("embeddings `table` have no pooler for head `cls-linear`: use another head".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether anything is read from the encoder's weights.
    pub fn reads_weights(&self) -> bool {
        self.embeddings == EmbeddingsConfig::Pretrained {}
    }

    /// H at the head's input.
    pub fn hidden_size(&self) -> usize {
        match self.embeddings {
            EmbeddingsConfig::Pretrained {} => self.encoder.hidden_size,
            EmbeddingsConfig::Table { size } => size,
        }
    }

    /// A model with the weights of `folder` in its encoder, and drawn from `seed` what is new.
    ///
    /// # Errors
    /// The weights are missing, do not fit the configuration, or hold tensors that no BERT has.
    pub fn pretrained(&self, folder: &Path, seed: u64, device: &Device) -> Result<Model, Error> {
        if !self.reads_weights() {
            return self.random(seed, device);
        }
        let path = folder.join("model.safetensors");
        let mut weights = Safetensors::open(&path)?;
        let model = self.filled(&mut weights, seed, device)?;
        self.refuse_strangers(&weights, &path)?;
        Ok(model)
    }

    /// A model drawn from `seed` throughout; nothing is pretrained.
    ///
    /// # Errors
    /// None in practice: every tensor can be drawn.
    pub fn random(&self, seed: u64, device: &Device) -> Result<Model, Error> {
        self.filled(&mut self.draws(seed), seed, device)
    }

    /// A model saved by [`Model::stored`], body and head, from a file whose blocks are numbered from 0.
    ///
    /// # Errors
    /// The file is missing or holds another model.
    pub fn saved(&self, path: &Path, device: &Device) -> Result<Model, Error> {
        let mut weights = Safetensors::open(path)?;
        let model = fill(self.empty(device), &mut weights, device, names::saved)?;
        self.refuse_strangers(&weights, path)?;
        Ok(model)
    }

    /// Trainable numbers in the model.
    pub fn parameters(&self, device: &Device) -> usize {
        self.empty(device).num_params()
    }

    fn draws(&self, seed: u64) -> Random {
        Random { seed, standard_deviation: self.encoder.initializer_range }
    }

    fn empty(&self, device: &Device) -> Model {
        let (hidden_size, needs) = (self.hidden_size(), self.head.needs());
        let Definition { positions, classes, dropout, precision, .. } = *self;
        let sizes = Sizes { hidden_size, depth: self.kept.len(), positions, classes, dropout };
        let body = match self.embeddings {
            EmbeddingsConfig::Pretrained {} => {
                Body::Bert(Encoder::new(&self.encoder, self.kept.len(), needs.pooler.is_some(), device))
            }
            EmbeddingsConfig::Table { size } => Body::Table(Table::new(self.encoder.vocab_size, size, device)),
        };
        let (dropout, padding_is_read) = (self.encoder_dropout, needs.full_length);
        let only_pooled = needs.pooler.is_some(); // whoever reads that reads nothing else
        let pass = Pass { precision, dropout, padding_is_read, only_pooled, ..Pass::default() };
        let least_positions = if needs.full_length { positions } else { 0 };
        Model { body, head: self.head.init(sizes, device), pass, least_positions }
    }

    fn filled(&self, source: &mut dyn Source, seed: u64, device: &Device) -> Result<Model, Error> {
        let Model { body, head, pass, least_positions } = self.empty(device);
        let body = match body {
            Body::Bert(encoder) => Body::Bert(self.fill_encoder(encoder, source, seed, device)?),
            Body::Table(table) => {
                let mut normal = Random { seed, standard_deviation: 1.0 };
                Body::Table(fill(table, &mut normal, device, |path| format!("embedding.{path}"))?)
            }
        };
        let head = fill(head, &mut HeadSource::new(self.draws(seed)), device, str::to_owned)?;
        Ok(Model { body, head, pass, least_positions })
    }

    fn fill_encoder(
        &self,
        encoder: Encoder,
        source: &mut dyn Source,
        seed: u64,
        device: &Device,
    ) -> Result<Encoder, Error> {
        let name = |path: &str| hugging_face_name(path, &self.kept);
        match self.head.needs().pooler {
            Some(Pooler::Reinitialised) => fill(encoder, &mut NewPooler::new(source, self.draws(seed)), device, name),
            _ => fill(encoder, source, device, name),
        }
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
