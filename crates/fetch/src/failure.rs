//! Why a try brought no file, and whether another may.

use std::io;

/// Why a try brought no file.
pub(crate) enum Failure {
    /// The server does not have it.
    Missing,
    /// May go better the next time.
    Passing(anyhow::Error),
    /// Will not.
    Lasting(anyhow::Error),
}

/// Whatever the disk says no to will not go better the next time.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Lasting(error.into())
    }
}
