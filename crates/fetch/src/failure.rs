//! Why a try failed, and whether another can succeed.

use std::io;

/// Why a try failed.
pub(crate) enum Failure {
    /// The server does not have the file.
    Missing,
    /// Another try may succeed.
    Passing(anyhow::Error),
    /// Another try would fail in the same way.
    Lasting(anyhow::Error),
}

/// Errors of the disk do not go away by themselves.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Lasting(error.into())
    }
}
