//! The weights of a model folder, in any of the usual files.
//!
//! In memory, tensors have BERT's names without a prefix; [`Family`] maps them to the names in files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use half::{bf16, f16};

use crate::folder::weight_files;
use crate::torch_file::TorchFile;
use crate::{Error, Family, Role, Safetensors};

/// The source of a module's numbers.
pub trait TensorSource {
    /// The tensor called `name` in fp32.
    ///
    /// # Errors
    /// The tensor is missing, or has another shape.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error>;
}

/// A file of named tensors.
pub(crate) trait TensorFile: std::fmt::Debug {
    fn path(&self) -> &Path;
    fn names(&self) -> Vec<String>;
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
    /// All numbers of a tensor as fp32, row by row.
    fn numbers(&mut self, name: &str) -> Result<Vec<f32>, Error>;
}

/// The weights of a model; tensors are read only on demand.
#[derive(Debug)]
pub struct Checkpoint {
    /// The file or folder to name in an error.
    place: PathBuf,
    family: &'static Family,
    files: Vec<Box<dyn TensorFile>>,
    /// By BERT's name: the file, and the name in it.
    tensors: BTreeMap<String, (usize, String)>,
    /// By BERT's name: the other name of a tensor that the files hold twice.
    doubled: BTreeMap<String, String>,
    unused: BTreeSet<String>,
}

impl Checkpoint {
    /// Open the weights in `folder`, for a model of `family`.
    ///
    /// # Errors
    /// The folder has no weights, or a file is damaged.
    pub fn open(folder: &Path, family: &'static Family) -> Result<Self, Error> {
        let paths = weight_files(folder)?;
        let shards = paths.iter().filter(|path| !is_index(path));
        let place = if paths.len() == 1 { &paths[0] } else { folder };
        Self::of(place, shards.map(PathBuf::as_path), family)
    }

    /// Open one file.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn file(path: &Path, family: &'static Family) -> Result<Self, Error> {
        Self::of(path, [path].into_iter(), family)
    }

    fn of<'a>(place: &Path, paths: impl Iterator<Item = &'a Path>, family: &'static Family) -> Result<Self, Error> {
        let mut files: Vec<Box<dyn TensorFile>> = Vec::new();
        let mut tensors: BTreeMap<String, (usize, String)> = BTreeMap::new();
        let mut doubled = BTreeMap::new();
        for path in paths {
            let file = tensor_file(path)?;
            for spelled in file.names() {
                let name = family.canonical(&spelled);
                match tensors.get(&name) {
                    Some((index, other)) if *index != files.len() && *other == spelled => {
                        return Err(in_two_shards(path, &spelled, files[*index].path()));
                    }
                    // The encoder's own pooler beside the classifier's layer, which takes its place.
                    Some((_, other)) if family.is_head(other) && !family.is_head(&spelled) => continue,
                    Some((_, other)) if family.is_head(other) || !family.is_head(&spelled) => {
                        doubled.insert(name.clone(), other.clone());
                    }
                    _ => {}
                }
                tensors.insert(name, (files.len(), spelled));
            }
            files.push(file);
        }
        let unused = tensors.keys().cloned().collect();
        Ok(Checkpoint { place: place.to_owned(), family, files, tensors, doubled, unused })
    }

    /// The file, or the folder of several files, with the weights.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// BERT's names of the tensors that were not taken.
    pub fn unused(&self) -> Vec<&str> {
        self.unused.iter().map(String::as_str).collect()
    }

    /// The name in the file of the tensor that BERT calls `name`.
    pub fn spelled(&self, name: &str) -> String {
        self.tensors.get(name).map_or_else(|| self.family.spelled(name), |(_, spelled)| spelled.clone())
    }

    /// The shape of the tensor that BERT calls `name`, if there is one.
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let (file, spelled) = self.tensors.get(name)?;
        self.files[*file].shape(spelled)
    }

    /// Number of blocks with tensors in the files.
    pub fn blocks(&self) -> usize {
        let end = |name: &String| match Role::of(name) {
            Role::Block(index) => index.saturating_add(1),
            _ => 0,
        };
        self.tensors.keys().map(end).max().unwrap_or(0)
    }
}

impl TensorSource for Checkpoint {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        let Some((file, spelled)) = self.tensors.get(name) else {
            return Err(Error::file(&self.place, lacks(&self.family.spelled(name))));
        };
        if let Some(other) = self.doubled.get(name) {
            let message = format!("holds one tensor twice, as `{spelled}` and as `{other}`: remove the wrong one");
            return Err(Error::file(&self.place, message));
        }
        let file = &mut self.files[*file];
        let found = file.shape(spelled).unwrap_or_default();
        if found != shape {
            let message = format!("tensor `{spelled}` has shape {found:?}, but `config.json` asks for {shape:?}");
            return Err(Error::file(file.path(), message));
        }
        let numbers = file.numbers(spelled)?;
        self.unused.remove(name);
        Ok(TensorData::new(numbers, found))
    }
}

fn in_two_shards(path: &Path, name: &str, other: &Path) -> Error {
    let other = other.display();
    Error::file(path, format!("holds tensor `{name}`, which is also in `{other}`: remove one of the two files"))
}

/// Message for an absent tensor: a head's is often absent, because many folders hold an encoder alone.
fn lacks(name: &str) -> String {
    match name.starts_with("classifier.") {
        true => format!("lacks the classifier's tensor `{name}`: fine-tune the model first, for example with `train`"),
        false => {
            format!("lacks the tensor `{name}`: the file is incomplete, or `config.json` describes another model")
        }
    }
}

fn is_index(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn tensor_file(path: &Path) -> Result<Box<dyn TensorFile>, Error> {
    match path.extension().is_some_and(|extension| extension == "bin") {
        true => Ok(Box::new(TorchFile::open(path)?)),
        false => Ok(Box::new(Safetensors::open(path)?)),
    }
}

/// Little-endian floats of `size` bytes as fp32; those of 2 bytes are bfloat16 or IEEE half precision.
pub(crate) fn floats(bytes: &[u8], size: usize, is_brain: bool) -> Vec<f32> {
    let two = |b: &[u8]| [b[0], b[1]];
    let brain = |b: &[u8]| bf16::from_le_bytes(two(b)).to_f32();
    let half = |b: &[u8]| f16::from_le_bytes(two(b)).to_f32();
    let double = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32;
    let chunks = bytes.chunks_exact(size);
    match size {
        8 => chunks.map(double).collect(),
        4 => chunks.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        _ if is_brain => chunks.map(brain).collect(),
        _ => chunks.map(half).collect(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own file")]
mod tests {
    use super::*;
    use crate::families::bert::BERT;
    use crate::{NamedTensor, save};

    fn tensors(names: &[&str]) -> Vec<NamedTensor> {
        let tensor =
            |name: &&str| NamedTensor { name: (*name).to_owned(), data: TensorData::new(vec![1f32, 2.0], [2]) };
        names.iter().map(tensor).collect()
    }

    #[test]
    fn floats_of_every_width_become_the_same_numbers() {
        let bytes = |it: &dyn Fn(f32) -> Vec<u8>| [0.5f32, -2.0].iter().flat_map(|x| it(*x)).collect::<Vec<u8>>();
        for (stored, size, is_brain) in [
            (bytes(&|x| x.to_le_bytes().to_vec()), 4, false),
            (bytes(&|x| f64::from(x).to_le_bytes().to_vec()), 8, false),
            (bytes(&|x| f16::from_f32(x).to_le_bytes().to_vec()), 2, false),
            (bytes(&|x| bf16::from_f32(x).to_le_bytes().to_vec()), 2, true),
        ] {
            assert_eq!(floats(&stored, size, is_brain), [0.5, -2.0], "{size}");
        }
    }

    #[test]
    fn names_are_found_with_any_prefix_and_in_the_old_spelling() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        for name in [
            "bert.x.LayerNorm.gamma",
            "x.LayerNorm.weight",
            "module.bert.x.LayerNorm.weight",
            "model.bert.bert.x.LayerNorm.weight",
            "_orig_mod.module.x.LayerNorm.weight",
            "model_state_dict.bert.x.LayerNorm.weight",
        ] {
            save(&path, &tensors(&[name])).unwrap();
            let mut weights = Checkpoint::open(folder.path(), &BERT).unwrap();
            assert!(weights.take("x.LayerNorm.weight", &[2]).is_ok() && weights.unused().is_empty(), "{name}");
        }
    }

    #[test]
    fn shards_are_one_checkpoint_and_a_missing_or_repeated_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let shard = |i: usize| format!("model-0000{i}-of-00002.safetensors");
        save(&folder.path().join(shard(1)), &tensors(&["bert.a"])).unwrap();
        save(&folder.path().join(shard(2)), &tensors(&["bert.b"])).unwrap();
        let index = serde_json::json!({"weight_map": {"bert.a": shard(1), "bert.b": shard(2)}}).to_string();
        std::fs::write(folder.path().join("model.safetensors.index.json"), &index).unwrap();
        let open = || Checkpoint::open(folder.path(), &BERT);
        assert_eq!(open().unwrap().unused(), ["a", "b"]);
        save(&folder.path().join(shard(2)), &tensors(&["bert.a", "bert.b"])).unwrap();
        let message = open().unwrap_err().to_string();
        assert!(message.contains("`bert.a`") && message.contains(&shard(1)), "{message}");
        std::fs::remove_file(folder.path().join(shard(2))).unwrap();
        let message = open().unwrap_err().to_string();
        assert!(message.contains(&shard(2)) && message.contains("missing"), "{message}");
    }

    #[test]
    fn a_git_lfs_pointer_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in crate::folder::SINGLE {
            let path = folder.path().join(name);
            std::fs::write(&path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n").unwrap();
            let message = Checkpoint::open(folder.path(), &BERT).unwrap_err().to_string();
            assert!(message.contains("git-lfs") && message.contains(name), "{message}");
            std::fs::remove_file(path).unwrap();
        }
    }
}
