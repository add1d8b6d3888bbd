//! What is answered: every record and file one tool leaves for another, and how it is published whole.
//!
//! All streams are JSON Lines: one object a line, `type` first. A stream runs from `begin` to `end`, and
//! one without `end` is unfinished. Losses are in nats, accuracies are fractions, units are in the names.

pub mod fields;
pub mod hash;
pub mod jsonl;
mod latency;
mod lock;
mod memory;
pub mod metrics;
pub mod predictions;
mod provenance;
pub mod publish;
pub mod run_dir;
pub mod shards;
mod split;

pub use basics::regular;
pub use latency::Latency;
pub use lock::Lock;
pub use memory::peak_memory_bytes;
pub use provenance::Provenance;
pub use split::Split;

/// A record or file that cannot be read or written, named with its place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read, written or renamed.
    #[error(transparent)]
    Io(#[from] basics::FileError),
    /// A line is not the record it should be.
    #[error("`{name}`, line {line}: {message}")]
    Line {
        /// The file, or `stdin`.
        name: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A file as a whole is wrong: unfinished, of another version, not matching its manifest.
    #[error("`{name}`: {message}")]
    File {
        /// The file or folder.
        name: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl Error {
    /// An input or output error while doing `action` to `path`.
    pub fn io(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        basics::FileError::new(action, path, source).into()
    }

    /// A file that is wrong as a whole.
    pub fn file(path: &std::path::Path, message: impl Into<String>) -> Self {
        Error::File { name: path.display().to_string(), message: message.into() }
    }
}
