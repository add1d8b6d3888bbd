//! The parts of a model, and the three sources of its numbers: a folder, a seed, or a saved file.

use std::path::Path;

use bert::{
    Checkpoint, Config, Encoder, Error, PassOptions, Precision, Random, Role, TensorSource, fill, hugging_face_name,
};
use burn::module::Module;
use burn::tensor::Device;

use crate::draws::{Draws, NewPooler};
use crate::embeddings::{EmbeddingsConfig, Table};
use crate::heads::{HeadConfig, Pooler, Sizes};
use crate::model::{Body, Model};
use crate::names;

/// The parts of a model.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The configuration of the whole encoder.
    pub encoder: Config,
    /// The layer from token ids to vectors.
    pub embeddings: EmbeddingsConfig,
    /// Indices of the kept blocks, ascending.
    pub kept: Vec<usize>,
    /// The head on top.
    pub head: HeadConfig,
    /// Upper bound on P, from truncation.
    pub positions: usize,
    /// C
    pub classes: usize,
    /// Dropout on the classifier's input while training.
    pub dropout: f64,
    /// Dropout on hidden states and attention weights inside the encoder while training.
    pub encoder_dropout: f64,
    /// Number format of the blocks' matrix products.
    pub precision: Precision,
}

/// Tables of constants that an encoder's file may hold beside its parameters.
const CONSTANTS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];

/// Heads that an encoder is pretrained or saved with; they are ignored without a warning.
const USUAL_HEADS: [&str; 7] = [
    "cls.",
    "classifier.",
    "lm_head.",
    "vocab_transform.",
    "vocab_layer_norm.",
    "vocab_projector.",
    "discriminator_predictions.",
];

impl Definition {
    /// Check that the parts fit together.
    ///
    /// # Errors
    /// The embeddings cannot feed pretrained blocks or a pooler.
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

    /// Whether the model reads the encoder's weights.
    pub fn reads_weights(&self) -> bool {
        self.embeddings == EmbeddingsConfig::Pretrained {}
    }

    /// H of the head's input.
    pub fn hidden_size(&self) -> usize {
        match self.embeddings {
            EmbeddingsConfig::Pretrained {} => self.encoder.hidden_size,
            EmbeddingsConfig::Table { size } => size,
        }
    }

    /// Load the encoder from `folder`; initialise the rest from `seed`.
    ///
    /// # Errors
    /// The weights are missing, do not fit the configuration, or include unknown tensors.
    pub fn pretrained(&self, folder: &Path, seed: u64, device: &Device) -> Result<Model, Error> {
        if !self.reads_weights() {
            return self.random(seed, device);
        }
        let mut weights = Checkpoint::open(folder, self.encoder.family())?;
        self.check_pooler(&weights)?;
        let model = self.filled(&mut weights, seed, device)?;
        self.check_rest(&weights)?;
        Ok(model)
    }

    /// Initialise the whole model from `seed`.
    ///
    /// # Errors
    /// None in practice: every tensor can be initialised.
    pub fn random(&self, seed: u64, device: &Device) -> Result<Model, Error> {
        self.filled(&mut self.draws(seed), seed, device)
    }

    /// Load a model that [`Model::stored`] saved, from a file whose blocks are numbered from 0.
    ///
    /// # Errors
    /// The file is missing or holds another model.
    pub fn saved(&self, path: &Path, device: &Device) -> Result<Model, Error> {
        self.restored(Checkpoint::file(path, self.encoder.family())?, device)
    }

    /// The same from a model folder, whatever the files of its weights.
    ///
    /// # Errors
    /// The files are missing or hold another model.
    pub fn restored(&self, mut weights: Checkpoint, device: &Device) -> Result<Model, Error> {
        let model = fill(self.empty(device), &mut weights, device, |path| names::inside(path, |block| block))?;
        self.check_rest(&weights)?;
        Ok(model)
    }

    /// Number of trainable parameters.
    pub fn parameters(&self, device: &Device) -> usize {
        self.empty(device).num_params()
    }

    fn draws(&self, seed: u64) -> Random {
        Random { seed, standard_deviation: self.encoder.initializer_range }
    }

    fn empty(&self, device: &Device) -> Model {
        self.with_head(&Draws::none(device), device)
    }

    /// A model whose body is not filled in yet.
    fn with_head(&self, draws: &Draws<'_>, device: &Device) -> Model {
        let (hidden_size, needs) = (self.hidden_size(), self.head.needs());
        let Definition { positions, classes, dropout, precision, .. } = *self;
        let sizes = Sizes { hidden_size, depth: self.kept.len(), positions, classes, dropout };
        let body = match self.embeddings {
            EmbeddingsConfig::Pretrained {} => {
                Body::Bert(Encoder::new(&self.encoder, self.kept.len(), needs.pooler.is_some(), device))
            }
            EmbeddingsConfig::Table { size } => Body::Table(Table::new(self.encoder.vocab_size, size, device)),
        };
        let dropout = self.encoder_dropout;
        let cls_only = needs.pooler.is_some(); // a head with a pooler reads nothing else
        let pass = PassOptions { precision, dropout, cls_only, ..PassOptions::default() };
        let least_positions = if needs.full_length { positions } else { 0 };
        Model { body, head: self.head.init(sizes, draws), pass, least_positions }
    }

    fn filled(&self, source: &mut dyn TensorSource, seed: u64, device: &Device) -> Result<Model, Error> {
        let Model { body, head, pass, least_positions } = self.with_head(&Draws::new(self.draws(seed), device), device);
        let body = match body {
            Body::Bert(encoder) => Body::Bert(self.fill_encoder(encoder, source, seed, device)?),
            Body::Table(table) => {
                let mut normal = Random { seed, standard_deviation: 1.0 };
                Body::Table(fill(table, &mut normal, device, |path| format!("embedding.{path}"))?)
            }
        };
        Ok(Model { body, head, pass, least_positions })
    }

    fn fill_encoder(
        &self,
        encoder: Encoder,
        source: &mut dyn TensorSource,
        seed: u64,
        device: &Device,
    ) -> Result<Encoder, Error> {
        let name = |path: &str| hugging_face_name(path, |block| self.kept[block]);
        match self.head.needs().pooler {
            Some(Pooler::Reinitialised) => fill(encoder, &mut NewPooler::new(source, self.draws(seed)), device, name),
            _ => fill(encoder, source, device, name),
        }
    }

    /// Check that a pretrained pooler exists if the head reads one; many encoders have none.
    fn check_pooler(&self, weights: &Checkpoint) -> Result<(), Error> {
        let (name, wanted) = ("pooler.dense.weight", self.head.needs().pooler == Some(Pooler::Pretrained));
        match wanted && weights.shape(name).is_none() {
            false => Ok(()),
            true => Err(Error::file(
                weights.place(),
                "has no pooler, but this head reads one: set `pooler = \"reinitialised\"` in the head's settings, as \
                 transformers does, or choose a head without a pooler, such as `mean-linear`",
            )),
        }
    }

    /// Reject unknown tensors; tensors of other heads or dropped blocks are allowed. Inside the encoder, any other
    /// tensor would change the computation.
    fn check_rest(&self, weights: &Checkpoint) -> Result<(), Error> {
        let (inside, outside): (Vec<&str>, Vec<&str>) =
            weights.unused().into_iter().partition(|name| Role::of(name) != Role::Head || has_adapter(name));
        let strangers: Vec<&str> = inside.into_iter().filter(|name| !self.is_known(name)).collect();
        if let Some(first) = strangers.first() {
            let message = format!(
                "holds {} that a `{}` model lacks, such as `{}`: cross-attention and adapters are not supported",
                count(strangers.len()),
                self.encoder.family().model_type,
                weights.spelled(first)
            );
            return Err(Error::file(weights.place(), message));
        }
        let foreign: Vec<&str> =
            outside.into_iter().filter(|name| !USUAL_HEADS.iter().any(|head| name.starts_with(head))).collect();
        if let Some(first) = foreign.first() {
            let place = weights.place().display();
            log::warn!(
                "`{place}`: ignored {} of another head, such as `{}`",
                count(foreign.len()),
                weights.spelled(first)
            );
        }
        let (found, used) = (weights.blocks(), self.encoder.num_hidden_layers);
        if found > used {
            log::warn!(
                "`{}` holds {found} blocks, but `config.json` says {used}: the others are ignored, as in transformers; if the \
                 model has {found}, correct `config.json`",
                weights.place().display()
            );
        }
        Ok(())
    }

    /// Whether `name` belongs to a dropped block, or to a part that this model does not read.
    fn is_known(&self, name: &str) -> bool {
        let is_leaf = |leaf: &str| matches!(leaf, ".weight" | ".bias");
        match Role::of(name) {
            Role::Pooler => true,
            Role::Block(index) => {
                let layer = name.splitn(4, '.').last().unwrap_or_default();
                !self.kept.contains(&index) && BLOCK.iter().any(|known| layer.strip_prefix(known).is_some_and(is_leaf))
            }
            _ => CONSTANTS.contains(&name),
        }
    }
}

/// The layers of a block.
const BLOCK: [&str; 8] = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
];

/// Whether `name` belongs to an adapter (low-rank or bottleneck), which changes the output of the layers beside it.
fn has_adapter(name: &str) -> bool {
    ["lora_", "adapter"].iter().any(|part| name.contains(part))
}

fn count(tensors: usize) -> String {
    if tensors == 1 { "1 tensor".to_owned() } else { format!("{tensors} tensors") }
}
