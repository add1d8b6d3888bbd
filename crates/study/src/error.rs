//! What can be wrong with a study; each message names the place and the remedy.

use std::path::PathBuf;

/// A study file that cannot be read, or that asks for something impossible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error("no study `{path}`{others}")]
    Missing {
        /// The study file.
        path: PathBuf,
        /// The studies that are there instead, with the near name.
        others: String,
    },
    /// The file could not be opened or read.
    #[error("reading study `{path}`: {source}")]
    Read {
        /// The study file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has an unknown field or value.
    #[error("study `{path}`, line {line}: {message}")]
    Syntax {
        /// The study file.
        path: PathBuf,
        /// Line of the offending field, counted from 1.
        line: usize,
        /// What is wrong and, if there is one, the near name.
        message: String,
    },
    /// A value is out of range; the message names the field and what is allowed.
    #[error("{0}")]
    Value(String),
}

impl Error {
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Error::Value(message.into())
    }
}

/// serde's message about an unknown name; if one of the names it lists is near, with `did you mean`.
pub fn with_nearest(message: String) -> String {
    let mut names = message.find("unknown ").into_iter().flat_map(|at| message[at..].split('`').skip(1).step_by(2));
    match names.next().and_then(|unknown| nearest(unknown, names)) {
        Some(meant) => format!("{message}; did you mean `{meant}`?"),
        None => message,
    }
}

/// The known name that is most like `name`, whatever their case, the first of equals, if one is near enough to be a typing error.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::{nearest, with_nearest};

    #[test]
    fn a_typing_error_is_recognised_and_another_word_is_not() {
        let known = ["epochs", "encoder", "batch_size"];
        assert_eq!(nearest("epoch", known), Some("epochs"));
        assert_eq!(nearest("batchsize", known), Some("batch_size"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(nearest("adamW", ["adam", "adamw"]), Some("adamw"));
    }

    #[test]
    fn the_near_name_is_found_in_serdes_list() {
        let said = |message: &str| with_nearest(message.to_owned());
        for before in ["", "head `bilstn`: "] {
            let list = format!("{before}unknown head `bilstn`, expected one of `cls-linear`, `bilstm`");
            assert_eq!(said(&list), format!("{list}; did you mean `bilstm`?"));
        }
        let silent = ["unknown field `zzz`, expected `id`", "missing field `id`", "invalid type: `idd`, expected `id`"];
        silent.iter().for_each(|message| assert_eq!(&said(message), message));
    }
}
