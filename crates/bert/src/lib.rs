//! An encoder of BERT's kind, cut down to chosen pretrained blocks.
//!
//! The model of Devlin et al. 2019 and its relatives (see [`Family`]) as Hugging Face stores them. This crate knows
//! nothing of studies and runs, and no file format other than theirs.
//!
//! Letters in shapes, everywhere in the project: **B** batch, **R** rows (the positions of all sequences of a batch,
//! one sequence after the other, without padding unless a head reads it), **P** positions (of one sequence, or of
//! the longest), **H** hidden size (the size *per head* in google-research/bert's code), **K** kept blocks, **N**
//! attention heads, **D** size per attention head (H/N), **I** intermediate size, **L** LSTM hidden size, **C**
//! classes, **V** vocabulary size.

mod archive;
mod block;
mod checkpoint;
mod config;
mod embeddings;
mod encoder;
mod families;
mod family;
mod folder;
mod layers;
mod pickle;
mod pooler;
mod random;
mod role;
mod safetensors;
mod torch_file;
mod weights;

pub use block::Block;
pub use checkpoint::{Checkpoint, TensorSource};
pub use config::{Config, EMBEDDING_ONLY};
pub use embeddings::{Embeddings, TokenInput, lookup};
pub use encoder::{Encoded, Encoder, PassOptions};
pub use families::FAMILIES;
pub use family::{Family, PoolerActivation};
pub use folder::weight_files;
pub use fused::{Activation, Layout, Precision};
pub use layers::{LayerNorm, Linear, empty};
pub use pooler::Pooler;
pub use random::Random;
pub use role::Role;
pub use safetensors::Safetensors;
pub use weights::{NamedTensor, fill, hugging_face_name, named_tensors, save};

/// An unusable model folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the folder cannot be read or written.
    #[error(transparent)]
    Io(#[from] basics::FileError),
    /// A file is damaged or has unexpected content.
    #[error("`{path}`: {message}")]
    File {
        /// The file.
        path: String,
        /// The fault and the fix.
        message: String,
    },
}

impl Error {
    /// A file that is damaged or has unexpected content.
    pub fn file(path: &std::path::Path, message: impl Into<String>) -> Self {
        Error::File { path: path.display().to_string(), message: message.into() }
    }

    pub(crate) fn io(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        basics::FileError::new(action, path, source).into()
    }
}
