//! The files of a model folder.
//!
//! The search order for weights is that of transformers: `model.safetensors`, `model.safetensors.index.json` with its
//! shards, `pytorch_model.bin`, `pytorch_model.bin.index.json` with its shards.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use basics::regular;
use serde_json::{Map, Value};

use crate::Error;

pub(crate) const SINGLE: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// Weights in formats that are not read.
const OTHER_FORMATS: [&str; 6] = [
    "tf_model.h5",
    "flax_model.msgpack",
    "model.ckpt.index",
    "bert_model.ckpt.index",
    "adapter_model.safetensors",
    "adapter_model.bin",
];

/// Upper bound on the bytes of a JSON file.
const LONGEST_JSON_BYTES: u64 = 16 << 20;

/// The files with the weights in `folder`: one file, or an index and its shards.
///
/// # Errors
/// The folder has no weights, or a shard of the index is missing.
pub fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    for single in SINGLE {
        let (single, index) = (folder.join(single), folder.join(format!("{single}.index.json")));
        if single.exists() {
            return Ok(vec![single]);
        }
        if index.exists() {
            return shards(folder, index);
        }
    }
    let other = OTHER_FORMATS.iter().find(|name| folder.join(name).exists());
    let message = other.map_or_else(
        || "No such file, no `pytorch_model.bin`, and no index of either".to_owned(),
        |name| {
            format!("No such file; `{name}` is not read: load it with transformers and save it with `save_pretrained`")
        },
    );
    Err(Error::io("reading", &folder.join(SINGLE[0]), IoError::new(ErrorKind::NotFound, message)))
}

fn shards(folder: &Path, index: PathBuf) -> Result<Vec<PathBuf>, Error> {
    let wrong = |message: String| Error::file(&index, message);
    let content = read_json(&index)?;
    let map = content
        .get("weight_map")
        .and_then(Value::as_object)
        .ok_or_else(|| wrong("has no `weight_map` of tensors to files".to_owned()))?;
    let names: Option<BTreeSet<&str>> = map.values().map(Value::as_str).collect();
    let names = names.ok_or_else(|| wrong("names a shard that is not a string".to_owned()))?;
    let mut paths = vec![index.clone()];
    for name in names {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(wrong(format!("names the shard `{name}`, which is not a plain file name")));
        }
        let path = folder.join(name);
        if !path.exists() {
            return Err(wrong(format!("names the shard `{name}`, which is missing: copy it into the same folder")));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// The JSON object in the file at `path`.
///
/// # Errors
/// The file is missing, is a git-lfs pointer, has more than 16 MiB, or is not a JSON object.
pub(crate) fn read_json(path: &Path) -> Result<Map<String, Value>, Error> {
    let mut bytes = Vec::new();
    open(path)?.take(LONGEST_JSON_BYTES + 1).read_to_end(&mut bytes).map_err(|e| Error::io("reading", path, e))?;
    if bytes.len() as u64 > LONGEST_JSON_BYTES {
        return Err(Error::file(path, "has more than 16 MiB, which no such file needs"));
    }
    serde_json::from_slice(&bytes).map_err(|e| Error::file(path, e.to_string()))
}

/// Open a regular file, unless it is a pointer that `git clone` without git-lfs leaves in its place.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    let io = |e| Error::io("reading", path, e);
    let mut file = regular(path).and_then(File::open).map_err(io)?;
    let mut start = Vec::new();
    (&mut file).take(23).read_to_end(&mut start).map_err(io)?;
    if start.starts_with(b"version https://git-lfs") {
        let message = "is a git-lfs pointer, not the file itself: run `git lfs pull` in its repository";
        return Err(Error::file(path, message));
    }
    file.rewind().map_err(io)?;
    Ok(file)
}
