//! Where each file comes from, what it must be, and what to do where it cannot be had.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};

use crate::digest::Digest;
use crate::origin::Origin;

/// One file to bring.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it comes from.
    pub(crate) url: String,
    /// Where it goes.
    pub(crate) path: PathBuf,
    /// What is known beforehand of its content.
    pub(crate) content: Content,
    /// Whether a server that does not have it is no failure.
    pub(crate) optional: bool,
    /// What to do where it cannot be had.
    pub(crate) remedy: String,
    /// Which model it is a file of, if it is one's.
    pub(crate) origin: Option<Origin>,
    /// What to say if the server does not have it.
    pub(crate) missing: &'static str,
}

/// What is known of a file's content before it is asked for.
#[derive(Debug)]
pub(crate) enum Content {
    /// Its digest, committed here.
    Published(Digest),
    /// Large; the hub tells its sha256 with the first answer.
    Weights,
    /// Small, and the hub tells no digest: an interrupted one is begun anew, lest two versions be joined.
    Text,
}

impl Content {
    /// A server that sends more than this sends something else: it would fill the disk.
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
const DEMO: &str = "`make demo` needs no download";

const KNOWN_MODELS: [(&str, &str); 3] = [
    ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
    ("bert-base-cased", "google-bert/bert-base-cased"),
    ("bert-base-uncased", "google-bert/bert-base-uncased"),
];

/// `config.json` last: a folder that has it is whole.
const MODEL_FILES: [(&str, Content, bool); 5] = [
    ("tokenizer_config.json", Content::Text, true),
    ("vocab.txt", Content::Text, true),
    ("tokenizer.json", Content::Text, false),
    ("model.safetensors", Content::Weights, false),
    ("config.json", Content::Text, false),
];

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

/// The files of a model folder, in the order in which they are to be brought.
pub(crate) fn model(name: &str, revision: &str, models: &Path) -> anyhow::Result<Vec<Source>> {
    let repository = repository(name)?;
    let model = repository.rsplit('/').next().unwrap_or(name);
    let folder = models.join(model);
    let base = format!("{}/{repository}/resolve/{revision}", endpoint("HF_ENDPOINT", HUB));
    let source = |(file, content, optional): (&str, Content, bool)| Source {
        url: format!("{base}/{file}"),
        path: folder.join(file),
        missing: match content {
            Content::Weights => {
                "the repository has no `model.safetensors`; if it has `pytorch_model.bin` only, load the model with \
                 transformers, convert it with `save_pretrained`, and use that copy"
            }
            _ => "the repository or the revision does not exist, or lacks this file",
        },
        content,
        optional,
        remedy: remedy(model, &folder),
        origin: Some(Origin::new(&folder, &repository, revision)),
    };
    Ok(MODEL_FILES.into_iter().map(source).collect())
}

/// The names of a model's files.
pub(crate) fn model_files() -> impl Iterator<Item = &'static str> {
    MODEL_FILES.into_iter().map(|(name, ..)| name)
}

fn remedy(model: &str, folder: &Path) -> String {
    let needed = MODEL_FILES.iter().filter(|(.., optional)| !optional).map(|(file, ..)| format!("`{file}`"));
    format!(
        "to use a copy, run `make … MODELS_DIR=DIR` with the model in `DIR/{model}/`, or put {} into `{}`; {DEMO}",
        needed.collect::<Vec<_>>().join(", "),
        folder.display()
    )
}

/// The hub's `owner/name` of a model.
fn repository(name: &str) -> anyhow::Result<String> {
    if let Some((_, repository)) = KNOWN_MODELS.iter().find(|(known, _)| *known == name) {
        return Ok((*repository).to_owned());
    }
    let plain = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed)
    };
    match name.split_once('/') {
        Some((owner, model)) if plain(owner) && plain(model) => Ok(name.to_owned()),
        _ => {
            let known: Vec<_> = KNOWN_MODELS.iter().map(|(known, _)| format!("`{known}`")).collect();
            bail!(
                "unknown model `{name}`: use `sample-bert`, {}, or the `owner/name` of a Hugging Face model",
                known.join(", ")
            )
        }
    }
}

fn endpoint(variable: &str, default: &str) -> String {
    let given = std::env::var(variable).ok().filter(|url| !url.is_empty());
    given.as_deref().unwrap_or(default).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_and_hub_names_become_repositories_and_folders() {
        let folder = |name| model(name, "main", Path::new("m")).unwrap()[0].path.parent().unwrap().to_owned();
        assert_eq!(repository("bert-base-cased").unwrap(), "google-bert/bert-base-cased");
        assert_eq!(folder("bert-base-cased"), Path::new("m/bert-base-cased"));
        assert_eq!(folder("owner/some-bert"), Path::new("m/some-bert"));
    }

    #[test]
    fn names_that_would_leave_the_folder_are_refused_with_what_is_known() {
        for name in ["bert", "../x", "a/..", "a/b/c", "a/b?c", "/b", "a/", ""] {
            let message = model(name, "main", Path::new("m")).unwrap_err().to_string();
            assert!(message.contains("`bert-base-cased`"), "{name}: {message}");
        }
    }

    #[test]
    fn the_configuration_comes_last_so_that_it_marks_a_whole_folder() {
        let files = model("bert-base-cased", "main", Path::new("m")).unwrap();
        assert!(files.last().unwrap().path.ends_with("config.json"));
    }
}
