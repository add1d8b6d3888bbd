//! A model folder of the hub: which of a repository's files are fetched, and in which order.
//!
//! Weights come in the order of transformers: `model.safetensors`, its shards, `pytorch_model.bin`, its shards.
//! `config.json` comes last, so a folder with this file is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::download::Downloads;
use crate::origin::Origin;
use crate::sources::{self, Content, DEMO, Source};

/// A repository may lack all of these but one of the last two.
const TOKENIZER: [&str; 3] = ["tokenizer_config.json", "vocab.txt", "tokenizer.json"];
/// Weights in one file; the index of shards has this name and `.index.json`.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];
const CONFIG: &str = "config.json";
const NO_TOKENIZER: &str =
    "status 404, the repository or the revision does not exist, or has neither `tokenizer.json` nor `vocab.txt`";

/// A model on the hub, and the folder for it.
pub(crate) struct Model {
    /// The address of its files.
    base: String,
    folder: PathBuf,
    origin: Origin,
}

/// The part of an index of shards that is read: the file of each tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Model {
    /// The model `name` at `revision`, for a folder in `models`.
    ///
    /// # Errors
    /// The name is neither a known one nor `owner/name`.
    pub(crate) fn new(name: &str, revision: &str, models: &Path) -> anyhow::Result<Self> {
        let repository = sources::repository(name)?;
        let folder = models.join(repository.rsplit('/').next().unwrap_or(name));
        let index = |name: &&str| format!("{name}.index.json");
        let names = TOKENIZER.iter().chain(&WEIGHTS).chain(&[CONFIG]).map(ToString::to_string);
        let names = names.chain(WEIGHTS.iter().map(index)).collect();
        let origin = Origin::new(&folder, names, &repository, revision);
        Ok(Model { base: sources::address(&repository, revision), folder, origin })
    }

    /// Download all missing files. If every required file exists, nothing is requested, so a folder that was filled by
    /// hand needs no network.
    ///
    /// # Errors
    /// The folder holds another model, the repository lacks a required file, or a download fails.
    pub(crate) fn fetch(&self, downloads: &Downloads) -> anyhow::Result<()> {
        self.origin.check()?;
        if self.is_complete() {
            log::debug!("all required files already exist");
            return Ok(());
        }
        TOKENIZER.iter().try_for_each(|name| self.optional(name, Content::Text, downloads).map(drop))?;
        if !self.has_tokenizer() {
            bail!(self.failure(NO_TOKENIZER));
        }
        self.weights(downloads)?;
        self.required(CONFIG, Content::Text, downloads)
    }

    fn weights(&self, downloads: &Downloads) -> anyhow::Result<()> {
        for name in WEIGHTS {
            let index = format!("{name}.index.json");
            if self.optional(name, Content::Weights, downloads)? {
                return Ok(());
            }
            if self.optional(&index, Content::Text, downloads)? {
                let shards = self.shards(&index)?;
                return shards.iter().try_for_each(|shard| self.required(shard, Content::Weights, downloads));
            }
        }
        bail!(self.failure("the repository has neither `model.safetensors` nor `pytorch_model.bin`, nor shards of one"))
    }

    /// The names of the shards in an index.
    fn shards(&self, index: &str) -> anyhow::Result<BTreeSet<String>> {
        let path = self.folder.join(index);
        let reading = || format!("reading `{}`", path.display());
        let text = std::fs::read(&path).with_context(reading)?;
        let index: Index = serde_json::from_slice(&text).with_context(reading)?;
        let shards: BTreeSet<String> = index.weight_map.into_values().collect();
        for name in &shards {
            let is_weights = name.ends_with(".safetensors") || name.ends_with(".bin");
            ensure!(
                is_weights && sources::is_plain(name),
                "`{}`: the shard `{name}` has no plain file name that ends in `.safetensors` or `.bin`; use another model",
                path.display()
            );
        }
        Ok(shards)
    }

    fn is_complete(&self) -> bool {
        let is_there = |name: &str| self.folder.join(name).exists();
        let are_there = |index: &str| {
            is_there(index) && self.shards(index).is_ok_and(|shards| shards.iter().all(|shard| is_there(shard)))
        };
        let has_weights = WEIGHTS.iter().any(|name| is_there(name) || are_there(&format!("{name}.index.json")));
        is_there(CONFIG) && has_weights && self.has_tokenizer()
    }

    fn has_tokenizer(&self) -> bool {
        TOKENIZER[1..].iter().any(|name| self.folder.join(name).exists())
    }

    /// Download a file that the repository may lack. Returns whether it is there.
    fn optional(&self, name: &str, content: Content, downloads: &Downloads) -> anyhow::Result<bool> {
        self.origin.check()?; // another process may have started on another model
        downloads.fetch(&self.source(name, content, true))
    }

    fn required(&self, name: &str, content: Content, downloads: &Downloads) -> anyhow::Result<()> {
        self.origin.check()?;
        downloads.fetch(&self.source(name, content, false)).map(drop)
    }

    fn source(&self, name: &str, content: Content, optional: bool) -> Source {
        Source {
            url: format!("{}/{name}", self.base),
            path: self.folder.join(name),
            content,
            optional,
            remedy: self.remedy(),
            origin: Some(self.origin.clone()),
            missing: "the repository or the revision does not exist, or lacks this file",
        }
    }

    fn failure(&self, fault: &str) -> String {
        format!("fetching `{}` from `{}`: {fault}; {}", self.folder.display(), self.base, self.remedy())
    }

    fn remedy(&self) -> String {
        let model = self.folder.file_name().unwrap_or_default().to_string_lossy();
        format!(
            "to use a copy, run `make … MODELS_DIR=DIR` with the model in `DIR/{model}/`, or put `tokenizer.json`, \
             `model.safetensors`, `config.json` into `{}`; {DEMO}",
            self.folder.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_hub_names_become_folders() {
        let folder = |name| Model::new(name, "main", Path::new("m")).unwrap().folder;
        assert_eq!(folder("bert-base-cased"), Path::new("m/bert-base-cased"));
        assert_eq!(folder("owner/some-bert"), Path::new("m/some-bert"));
    }

    #[test]
    fn a_shard_has_a_plain_name() {
        let place = tempfile::tempdir().unwrap();
        let model = Model::new("owner/m", "main", place.path()).unwrap();
        std::fs::create_dir(&model.folder).unwrap();
        for (name, is_right) in [
            ("model-00001-of-00002.safetensors", true),
            ("../../x.safetensors", false),
            ("/x.bin", false),
            (".hidden.bin", false),
            ("run.sh", false),
        ] {
            let index = format!("{{\"weight_map\": {{\"a\": \"{name}\"}}}}");
            records::publish::bytes(&model.folder.join("i"), index.as_bytes()).unwrap();
            assert_eq!(model.shards("i").is_ok(), is_right, "{name}");
        }
    }
}
