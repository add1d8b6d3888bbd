//! The records and files that one tool writes for another, and how a file appears only when it is complete.
//!
//! All streams are JSON Lines: one object per line, `type` first. A stream begins with `begin` and ends with `end`; without
//! `end` it is unfinished. Losses are in nats, accuracies are fractions, and names say the units.

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

/// A record or file that cannot be read or written; the message names it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read, written or renamed.
    #[error(transparent)]
    Io(#[from] basics::FileError),
    /// A line is not a record of the expected kind.
    #[error("`{name}`, line {line}: {message}")]
    Line {
        /// The file, or `stdin`.
        name: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A file or folder is wrong as a whole: unfinished, of another version, or different from its manifest.
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

    /// A file or folder that is wrong as a whole.
    pub fn file(path: &std::path::Path, message: impl Into<String>) -> Self {
        Error::File { name: path.display().to_string(), message: message.into() }
    }
}
