//! What is answered: every record and file one tool leaves for another, and how it is published whole.
//!
//! All streams are JSON Lines: one object a line, `type` first. A stream runs from `begin` to `end`, and
//! one without `end` is unfinished. Losses are in nats, accuracies are fractions, units are in the names.

pub mod jsonl;
mod latency;
mod lock;
pub mod metrics;
pub mod predictions;
mod provenance;
pub mod publish;
pub mod run_dir;
pub mod shards;
mod split;

pub use latency::Latency;
pub use lock::Lock;
pub use provenance::{Provenance, peak_memory_bytes};
pub use split::Split;

/// `path`, if a file is there: a pipe or a device in a folder of somebody else's could be read for ever.
///
/// # Errors
/// There is nothing, or something else.
pub fn regular(path: &std::path::Path) -> std::io::Result<&std::path::Path> {
    let is_file = std::fs::metadata(path)?.is_file();
    is_file.then_some(path).ok_or_else(|| std::io::Error::other("is no regular file"))
}

/// A record or file that cannot be read or written, named with its place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read, written or renamed.
    #[error("{action} `{path}`: {source}")]
    Io {
        /// What was being done, such as `reading`.
        action: &'static str,
        /// The file.
        path: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
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
        Error::Io { action, path: path.display().to_string(), source }
    }

    /// A file that is wrong as a whole.
    pub fn file(path: &std::path::Path, message: impl Into<String>) -> Self {
        Error::File { name: path.display().to_string(), message: message.into() }
    }
}
