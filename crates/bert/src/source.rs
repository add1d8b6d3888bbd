//! Where a module's numbers come from: a safetensors file, read tensor by tensor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use basics::regular;
use burn::tensor::TensorData;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::Error;

/// Where a module's numbers come from.
pub trait Source {
    /// The tensor called `name` in fp32.
    ///
    /// # Errors
    /// There is none, or it has another shape.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error>;
}

/// A header longer than this is no model's: 64 MiB.
const LONGEST_HEADER_BYTES: u64 = 64 << 20;

/// A `model.safetensors`; only what is taken is read.
#[derive(Debug)]
pub struct Safetensors {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    /// Where the numbers begin, in bytes.
    start: u64,
    unused: BTreeSet<String>,
}

impl Safetensors {
    /// Read the header of the file at `path`.
    ///
    /// # Errors
    /// The file is missing, cut short, or not safetensors.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |e| Error::io("reading", path, e);
        let refused = |what: &str| Error::file(path, format!("{what}; fetch the model again"));
        let mut file = regular(path).and_then(File::open).map_err(|e| only_a_pickle(path).unwrap_or_else(|| io(e)))?;
        let length = file.metadata().map_err(io)?.len();
        let mut bytes = vec![0; 8];
        file.read_exact(&mut bytes).map_err(|_| refused("too short for safetensors"))?;
        let header = bytes.iter().rev().fold(0u64, |size, &byte| size << 8 | u64::from(byte));
        if header > LONGEST_HEADER_BYTES || header + 8 > length {
            return Err(refused("the header is longer than the file, or is none"));
        }
        bytes.resize(header as usize, 0);
        file.read_exact(&mut bytes).map_err(io)?;
        let metadata: Metadata = serde_json::from_slice(&bytes).map_err(|e| refused(&e.to_string()))?;
        let start = 8 + header;
        covers(&metadata, length - start).map_err(|what| refused(&what))?;
        let unused = metadata.tensors().into_keys().collect();
        Ok(Safetensors { path: path.to_owned(), file, metadata, start, unused })
    }

    /// Names of the tensors that nobody has taken.
    pub fn unused(&self) -> Vec<&str> {
        self.unused.iter().map(String::as_str).collect()
    }

    /// The name as this file spells it.
    fn find(&self, name: &str) -> Option<String> {
        let old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        let spellings = [name.to_owned(), format!("bert.{name}"), format!("bert.{old}"), old];
        spellings.into_iter().find(|spelling| self.metadata.info(spelling).is_some())
    }

    /// Every tensor in the file, by its name there, in fp32.
    ///
    /// # Errors
    /// One cannot be read, or holds no floats.
    pub fn take_all(&mut self) -> Result<BTreeMap<String, TensorData>, Error> {
        let shapes = self.metadata.tensors().into_iter().map(|(name, info)| (name, info.shape.clone()));
        let shapes: Vec<(String, Vec<usize>)> = shapes.collect();
        shapes.into_iter().map(|(name, shape)| Ok((name.clone(), self.take(&name, &shape)?))).collect()
    }

    fn read(&mut self, info: &TensorInfo) -> Result<Vec<u8>, std::io::Error> {
        let (from, to) = info.data_offsets;
        let mut bytes = vec![0; to - from];
        self.file.seek(SeekFrom::Start(self.start + from as u64))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// What to say of a folder that has its numbers in a format that is not read here.
fn only_a_pickle(path: &Path) -> Option<Error> {
    let folder = path.parent()?;
    let message = "has only `pytorch_model.bin`, which is code as much as data and is not read; save the model with \
                   `safe_serialization=True`";
    (!path.exists() && folder.join("pytorch_model.bin").exists()).then(|| Error::file(folder, message))
}

/// The header is data from outside: every tensor must lie inside the file and be as long as its shape says.
fn covers(metadata: &Metadata, length: u64) -> Result<(), String> {
    let mut end = 0;
    for (name, info) in metadata.tensors() {
        let (from, to) = info.data_offsets;
        let count = info.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let bits = count.and_then(|count| count.checked_mul(info.dtype.bitsize()));
        let holds = to.checked_sub(from).and_then(|bytes| bytes.checked_mul(8)).is_some_and(|held| Some(held) == bits);
        if !holds {
            return Err(format!("tensor `{name}` is not as long as its shape says"));
        }
        end = end.max(to as u64);
    }
    let cut = || format!("the numbers take {length} bytes, but the header promises {end}");
    if end == length { Ok(()) } else { Err(cut()) }
}

impl Source for Safetensors {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        let found = self.find(name).ok_or_else(|| Error::file(&self.path, format!("there is no tensor `{name}`")))?;
        let info = self.metadata.info(&found).cloned().unwrap_or_else(|| unreachable!("`find` has seen it"));
        if info.shape != shape {
            let message = format!("tensor `{found}` has shape {:?}, but `config.json` asks for {shape:?}", info.shape);
            return Err(Error::file(&self.path, message));
        }
        let bytes = self.read(&info).map_err(|e| Error::io("reading", &self.path, e))?;
        let values = floats(&bytes, info.dtype)
            .ok_or_else(|| Error::file(&self.path, format!("tensor `{found}` holds {:?}, not floats", info.dtype)))?;
        self.unused.remove(&found);
        Ok(TensorData::new(values, shape.to_vec()))
    }
}

/// Little-endian floats of any width as fp32; none if they are no floats.
fn floats(bytes: &[u8], dtype: Dtype) -> Option<Vec<f32>> {
    let two = |read: fn([u8; 2]) -> f32| bytes.chunks_exact(2).map(|b| read([b[0], b[1]])).collect();
    let double = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32;
    match dtype {
        Dtype::F32 => Some(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Some(two(|b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => Some(two(|b| bf16::from_le_bytes(b).to_f32())),
        Dtype::F64 => Some(bytes.chunks_exact(8).map(double).collect()),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own file")]
mod tests {
    use super::*;

    #[test]
    fn floats_of_every_width_become_the_same_numbers() {
        let bytes = |it: &dyn Fn(f32) -> Vec<u8>| [0.5f32, -2.0].iter().flat_map(|x| it(*x)).collect::<Vec<u8>>();
        for (dtype, stored) in [
            (Dtype::F32, bytes(&|x| x.to_le_bytes().to_vec())),
            (Dtype::F64, bytes(&|x| f64::from(x).to_le_bytes().to_vec())),
            (Dtype::F16, bytes(&|x| f16::from_f32(x).to_le_bytes().to_vec())),
            (Dtype::BF16, bytes(&|x| bf16::from_f32(x).to_le_bytes().to_vec())),
        ] {
            assert_eq!(floats(&stored, dtype).unwrap(), [0.5, -2.0], "{dtype:?}");
        }
        assert!(floats(&[0; 8], Dtype::I64).is_none());
    }

    #[test]
    fn a_cut_file_and_a_lying_header_are_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        for bytes in [&b"abc"[..], &[255; 20], b"\x02\0\0\0\0\0\0\0{}left over", b"\x02\0\0\0\0\0\0\0{]"] {
            std::fs::write(&path, bytes).unwrap();
            let message = Safetensors::open(&path).unwrap_err().to_string();
            assert!(message.contains("fetch the model again"), "{message}");
        }
    }
}
