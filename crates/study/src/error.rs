//! What can be wrong with a study, in words that name the place and the remedy.

use std::path::PathBuf;

/// A study file that cannot be read, or asks for what cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or read.
    #[error("reading study `{path}`: {source}")]
    Read {
        /// The study file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a field or value that a study does not know.
    #[error("study `{path}`, line {line}: {message}")]
    Syntax {
        /// The study file.
        path: PathBuf,
        /// Line of the offending field, counted from 1.
        line: usize,
        /// What is wrong and, if a name is near, which was meant.
        message: String,
    },
    /// A value out of its range; the message names the field and what is allowed.
    #[error("{0}")]
    Value(String),
}

impl Error {
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Error::Value(message.into())
    }
}

/// The known name most like `name`, if one is near enough to be a slip of the finger.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_a_stranger_is_not() {
        let known = ["epochs", "encoder", "batch_size"];
        assert_eq!(nearest("epoch", known), Some("epochs"));
        assert_eq!(nearest("batchsize", known), Some("batch_size"));
        assert_eq!(nearest("zzz", known), None);
    }
}
