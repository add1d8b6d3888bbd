//! One safetensors file, read tensor by tensor.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::Error;
use crate::checkpoint::{TensorFile, TensorSource, floats};
use crate::folder::open;

/// Upper bound on the bytes of a header: a tensor takes about a hundred.
const LONGEST_HEADER_BYTES: u64 = 16 << 20;

/// A `model.safetensors`; tensors are read only on demand.
#[derive(Debug)]
pub struct Safetensors {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    /// Offset of the numbers, in bytes.
    start: u64,
}

impl Safetensors {
    /// Read the header of the file at `path`.
    ///
    /// # Errors
    /// The file is missing, cut short, or not safetensors.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |e| Error::io("reading", path, e);
        let refused = |what: &str| Error::file(path, format!("{what}; fetch the model again"));
        let mut file = open(path)?;
        let length = file.metadata().map_err(io)?.len();
        let mut bytes = vec![0; 8];
        file.read_exact(&mut bytes).map_err(|_| refused("is too short for a safetensors file"))?;
        let header = bytes.iter().rev().fold(0u64, |size, &byte| size << 8 | u64::from(byte));
        if header > LONGEST_HEADER_BYTES || header + 8 > length {
            return Err(refused("the header is damaged or longer than the file"));
        }
        bytes.resize(header as usize, 0);
        file.read_exact(&mut bytes).map_err(io)?;
        let metadata: Metadata = serde_json::from_slice(&bytes).map_err(|e| refused(&e.to_string()))?;
        let start = 8 + header;
        covers(&metadata, length - start).map_err(|what| refused(&what))?;
        Ok(Safetensors { path: path.to_owned(), file, metadata, start })
    }

    /// Every tensor in the file by its name, in fp32.
    ///
    /// # Errors
    /// A tensor cannot be read, or does not hold floats.
    pub fn take_all(&mut self) -> Result<BTreeMap<String, TensorData>, Error> {
        let shapes = self.metadata.tensors().into_iter().map(|(name, info)| (name, info.shape.clone()));
        let shapes: Vec<(String, Vec<usize>)> = shapes.collect();
        shapes
            .into_iter()
            .map(|(name, shape)| Ok((name.clone(), TensorData::new(self.numbers(&name)?, shape))))
            .collect()
    }

    fn read(&mut self, info: &TensorInfo) -> Result<Vec<u8>, std::io::Error> {
        let (from, to) = info.data_offsets;
        let mut bytes = vec![0; to - from];
        self.file.seek(SeekFrom::Start(self.start + from as u64))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Check the header, which is untrusted: every tensor must lie inside the file and have the length of its shape.
fn covers(metadata: &Metadata, length: u64) -> Result<(), String> {
    let mut end = 0;
    for (name, info) in metadata.tensors() {
        let (from, to) = info.data_offsets;
        let count = info.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let bits = count.and_then(|count| count.checked_mul(info.dtype.bitsize()));
        let holds = to.checked_sub(from).and_then(|bytes| bytes.checked_mul(8)).is_some_and(|held| Some(held) == bits);
        if !holds {
            return Err(format!("the length of tensor `{name}` does not match its shape"));
        }
        end = end.max(to as u64);
    }
    let cut = || format!("holds {length} bytes of numbers, but the header lists {end}");
    if end == length { Ok(()) } else { Err(cut()) }
}

impl TensorFile for Safetensors {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> Vec<String> {
        self.metadata.tensors().into_keys().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.metadata.info(name).map(|info| info.shape.clone())
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let info = self.metadata.info(name).cloned();
        let info = info.ok_or_else(|| Error::file(&self.path, format!("lacks the tensor `{name}`")))?;
        let bytes = self.read(&info).map_err(|e| Error::io("reading", &self.path, e))?;
        let size = match info.dtype {
            Dtype::F64 => Some((8, false)),
            Dtype::F32 => Some((4, false)),
            Dtype::F16 => Some((2, false)),
            Dtype::BF16 => Some((2, true)),
            _ => None,
        };
        let not_floats = || Error::file(&self.path, format!("tensor `{name}` holds {:?}, not floats", info.dtype));
        size.map(|(size, is_brain)| floats(&bytes, size, is_brain)).ok_or_else(not_floats)
    }
}

/// Tensors under the exact names of the file.
impl TensorSource for Safetensors {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        match self.shape(name) {
            Some(found) if found == shape => Ok(TensorData::new(self.numbers(name)?, found)),
            Some(found) => Err(Error::file(&self.path, format!("tensor `{name}` has shape {found:?}, not {shape:?}"))),
            None => Err(Error::file(&self.path, format!("lacks the tensor `{name}`"))),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own file")]
mod tests {
    use super::*;

    #[test]
    fn a_cut_file_and_a_wrong_header_are_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        for bytes in [&b"abc"[..], &[255; 20], b"\x02\0\0\0\0\0\0\0{}left over", b"\x02\0\0\0\0\0\0\0{]"] {
            std::fs::write(&path, bytes).unwrap();
            let message = Safetensors::open(&path).unwrap_err().to_string();
            assert!(message.contains("fetch the model again"), "{message}");
        }
    }
}
