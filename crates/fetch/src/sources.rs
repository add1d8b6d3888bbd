//! The files that can be downloaded: address, content, and the remedy if the download fails.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};

use study::{EMBEDDED_MODEL, KNOWN_MODELS, nearest};

use crate::digest::Digest;
use crate::origin::Origin;

/// One file to download.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its address.
    pub(crate) url: String,
    /// Its place on disk.
    pub(crate) path: PathBuf,
    /// What is known about its content in advance.
    pub(crate) content: Content,
    /// Whether the server may lack it.
    pub(crate) optional: bool,
    /// What to do if the download fails.
    pub(crate) remedy: String,
    /// The model that it belongs to, if any.
    pub(crate) origin: Option<Origin>,
    /// What to report if the server lacks it.
    pub(crate) missing: &'static str,
}

/// What is known about a file's content before the request.
#[derive(Debug)]
pub(crate) enum Content {
    /// The published digest, which is part of this source code.
    Published(Digest),
    /// Large; the hub sends its sha256 with the first answer.
    Weights,
    /// Small and without a digest: an interrupted download starts over, so that two versions are never joined.
    Text,
}

impl Content {
    /// Upper bound on the bytes of the file; a server that sends more is cut off before it fills the disk.
    pub(crate) fn most_bytes(&self) -> u64 {
        match self {
            Content::Published(_) => 1 << 30,
            Content::Weights => 64 << 30,
            Content::Text => 64 << 20,
        }
    }
}

const IMDB_URL: &str = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz";
const IMDB_MD5: &str = "7c2ac02c03563afcf9b574c7e56c153a";
const HUB: &str = "https://huggingface.co";
pub(crate) const DEMO: &str = "`make demo` needs no download";

/// The archive of the data set `name`.
pub(crate) fn data(name: &str, folder: &Path) -> anyhow::Result<Source> {
    ensure!(name == "imdb", "unknown data set `{name}`: only `imdb` can be fetched; `sample` is built in");
    let path = folder.join("aclImdb_v1.tar.gz");
    Ok(Source {
        url: endpoint("IMDB_URL", IMDB_URL),
        content: Content::Published(Digest::Md5(IMDB_MD5.to_owned())),
        optional: false,
        remedy: format!(
            "to use a copy, run `make … IMDB_ARCHIVE=FILE` or put the file at `{}`; {DEMO}",
            path.display()
        ),
        origin: None,
        missing: "the server no longer has the archive",
        path,
    })
}

/// The address of a repository's files at `revision`. A branch such as `refs/pr/1` is one part of the path.
pub(crate) fn address(repository: &str, revision: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let escape = |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let revision: String = revision.bytes().map(escape).collect();
    format!("{}/{repository}/resolve/{revision}", endpoint("HF_ENDPOINT", HUB))
}

/// The hub's `owner/name` of a model.
pub(crate) fn repository(name: &str) -> anyhow::Result<String> {
    if let Some((_, repository)) = KNOWN_MODELS.iter().find(|(known, _)| *known == name) {
        return Ok((*repository).to_owned());
    }
    match name.split_once('/') {
        Some((owner, model)) if is_plain(owner) && is_plain(model) => Ok(name.to_owned()),
        _ => {
            let mut known = vec![EMBEDDED_MODEL];
            known.extend(KNOWN_MODELS.iter().map(|(known, _)| known));
            let meant = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            bail!(
                "unknown model `{name}`: use `{}`, or the `owner/name` of a Hugging Face model{}",
                known.join("`, `"),
                meant.unwrap_or_default()
            )
        }
    }
}

/// Whether `part` of a path stays in its folder and needs no escaping in an address.
pub(crate) fn is_plain(part: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed)
}

fn endpoint(variable: &str, default: &str) -> String {
    let given = std::env::var(variable).ok().filter(|url| !url.is_empty());
    given.as_deref().unwrap_or(default).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_short_for_repositories() {
        assert_eq!(repository("bert-base-cased").unwrap(), "google-bert/bert-base-cased");
        assert_eq!(repository("owner/some-bert").unwrap(), "owner/some-bert");
    }

    #[test]
    fn names_that_would_leave_the_folder_are_refused_with_a_hint() {
        for name in ["bert", "../x", "a/..", "a/b/c", "a/b?c", "/b", "a/", ""] {
            let message = repository(name).unwrap_err().to_string();
            assert!(message.contains("`bert-base-cased`"), "{name}: {message}");
        }
        assert!(repository("all-minilm").unwrap_err().to_string().ends_with("did you mean `all-MiniLM-L6-v2`?"));
    }
}
