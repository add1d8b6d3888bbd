//! A BERT encoder cut down to chosen pretrained blocks.
//!
//! The model of Devlin et al. 2019 as Hugging Face stores it; nothing here knows of a study, a run or a
//! file format other than theirs.
//!
//! Letters in shapes, everywhere in the project: **B** batch, **R** rows (the positions of all sequences of a batch,
//! one sequence behind the other, with no padding unless something reads it), **P** positions (of one sequence, or of
//! the longest), **H** hidden size (the size *per head* in google-research/bert's code), **K** kept blocks, **N**
//! attention heads, **D** size per attention head (H/N), **I** intermediate size, **L** LSTM hidden size, **C**
//! classes, **V** vocabulary size.

mod block;
mod config;
mod embeddings;
mod encoder;
mod layers;
mod pooler;
mod random;
mod source;
mod weights;

pub use block::Block;
pub use config::{Config, EMBEDDINGS_ALONE};
pub use embeddings::{Embeddings, Words, lookup};
pub use encoder::{Encoded, Encoder, Pass};
pub use fused::{Layout, Precision};
pub use layers::{LayerNorm, Linear, empty};
pub use pooler::Pooler;
pub use random::Random;
pub use source::{Safetensors, Source};
pub use weights::{Stored, fill, hugging_face_name, save, stored};

/// A model folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the folder cannot be read or written.
    #[error(transparent)]
    Io(#[from] basics::FileError),
    /// A file is there but is not what it should be.
    #[error("`{path}`: {message}")]
    File {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl Error {
    /// A file that is not what it should be.
    pub fn file(path: &std::path::Path, message: impl Into<String>) -> Self {
        Error::File { path: path.display().to_string(), message: message.into() }
    }

    pub(crate) fn io(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        basics::FileError::new(action, path, source).into()
    }
}
