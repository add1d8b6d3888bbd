//! `pytorch_model.bin`: the two layouts of `torch.save`, read without executing code.
//!
//! Since PyTorch 1.6 the file is an uncompressed zip archive: `…/data.pkl` describes the tensors, `…/data/KEY` are the
//! numbers. Earlier files have five pickles (magic number, protocol, system, tensors, keys of storages), and then, for
//! each key, the count of numbers and the numbers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::Error;
use crate::checkpoint::{TensorFile, floats};
use crate::folder::open;
use crate::pickle::{Objects, Storage, TensorView, Value, number};

/// A file that `torch.save` wrote.
#[derive(Debug)]
pub(crate) struct TorchFile {
    path: PathBuf,
    file: File,
    storages: Vec<Storage>,
    /// Offset of the numbers of each storage, by key.
    starts: HashMap<Rc<str>, u64>,
    tensors: BTreeMap<String, TensorView>,
}

/// Upper bound on the bytes of the description: a tensor takes a few hundred.
const LONGEST_PICKLE_BYTES: u64 = 16 << 20;

/// Upper bound on nested dictionaries of tensors, such as `state_dict`.
const DEEPEST: usize = 4;

/// Upper bound on the bytes of a key in such a dictionary.
const LONGEST_KEY_BYTES: usize = 256;

impl TorchFile {
    /// Read the description of the tensors, without their numbers.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let mut file = open(path)?;
        let length = file.metadata().map_err(|e| Error::io("reading", path, e))?.len();
        let parsed = parse(&mut file, length).map_err(|message| Error::file(path, message))?;
        let (objects, root, starts) = parsed;
        let mut tensors = BTreeMap::new();
        collect(&objects, &root, &mut Vec::new(), &mut HashSet::new(), &mut tensors)
            .map_err(|message| Error::file(path, message))?;
        let storages = objects.storages;
        for (name, tensor) in &tensors {
            fits(tensor, &storages[tensor.storage], &starts, length)
                .map_err(|message| Error::file(path, format!("tensor `{name}` {message}")))?;
        }
        Ok(TorchFile { path: path.to_owned(), file, storages, starts, tensors })
    }

    fn bytes(&mut self, tensor: &TensorView) -> std::io::Result<Vec<u8>> {
        if tensor.shape.contains(&0) {
            return Ok(Vec::new());
        }
        let storage = &self.storages[tensor.storage];
        let size = width(&storage.kind).unwrap_or_default();
        let is_whole = tensor.stride == contiguous(&tensor.shape);
        let (first, count) = match is_whole {
            true => (tensor.offset, tensor.shape.iter().product()),
            false => (0, storage.count),
        };
        let start = self.starts[&storage.key] + (first * size) as u64;
        let mut bytes = vec![0; count * size];
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut bytes)?;
        Ok(if is_whole { bytes } else { gathered(&bytes, tensor, size) })
    }
}

/// The numbers of a view in the order of its shape.
fn gathered(bytes: &[u8], tensor: &TensorView, size: usize) -> Vec<u8> {
    let mut starts = vec![tensor.offset];
    for (length, stride) in tensor.shape.iter().zip(&tensor.stride) {
        starts = starts.iter().flat_map(|start| (0..*length).map(move |i| start + i * stride)).collect();
    }
    starts.into_iter().flat_map(|start| bytes[start * size..][..size].iter().copied()).collect()
}

fn contiguous(shape: &[usize]) -> Vec<usize> {
    let mut stride: Vec<usize> = shape
        .iter()
        .rev()
        .scan(1usize, |next, length| Some(std::mem::replace(next, next.saturating_mul(*length))))
        .collect();
    stride.reverse();
    stride
}

type Parsed = (Objects, Value, HashMap<Rc<str>, u64>);

fn parse(file: &mut File, length: u64) -> Result<Parsed, String> {
    let mut start = [0; 4];
    file.read_exact(&mut start).map_err(|_| "is too short for a PyTorch file")?;
    file.rewind().map_err(|e| e.to_string())?;
    if start == *b"PK\x03\x04" { archive(file, length) } else { legacy(file, length) }
}

fn archive(file: &mut File, length: u64) -> Result<Parsed, String> {
    let entries = crate::archive::entries(file, length)?;
    let is_description = |name: &&String| *name == "data.pkl" || name.ends_with("/data.pkl");
    let name = entries.keys().find(is_description).ok_or("is a zip archive without `data.pkl`, not a PyTorch file")?;
    let root = name.trim_end_matches("data.pkl");
    let place = &entries[name];
    let mut objects = Objects::default();
    file.seek(SeekFrom::Start(place.start)).map_err(|e| e.to_string())?;
    let result =
        objects.read(&mut BufReader::new((&mut *file).take((place.end - place.start).min(LONGEST_PICKLE_BYTES))))?;
    if let Some(order) = entries.get(&format!("{root}byteorder")) {
        let mut text = String::new();
        file.seek(SeekFrom::Start(order.start)).map_err(|e| e.to_string())?;
        (&mut *file).take((order.end - order.start).min(16)).read_to_string(&mut text).map_err(|e| e.to_string())?;
        if text.trim() != "little" {
            return Err(format!("has byte order `{}`; only `little` is supported", text.trim()));
        }
    }
    let mut starts = HashMap::new();
    for storage in &objects.storages {
        let name = format!("{root}data/{}", storage.key);
        let place = entries.get(&name).ok_or_else(|| format!("lacks the numbers `{name}`"))?;
        if place.end - place.start < storage_bytes(storage)? {
            return Err(format!("holds fewer bytes of `{name}` than it lists"));
        }
        starts.insert(storage.key.clone(), place.start);
    }
    Ok((objects, result, starts))
}

fn legacy(file: &mut File, length: u64) -> Result<Parsed, String> {
    let mut objects = Objects::default();
    let mut input = BufReader::new((&mut *file).take(LONGEST_PICKLE_BYTES));
    objects.read(&mut input)?; // the magic number
    match objects.read(&mut input)? {
        Value::Int(1001) => {}
        _ => return Err("is not a PyTorch file: neither a zip archive nor of protocol 1001".to_owned()),
    }
    let system = objects.read(&mut input)?;
    if !matches!(objects.get(&system, "little_endian"), Some(Value::Bool(true))) {
        return Err("was written on a big-endian machine; only little-endian is supported".to_owned());
    }
    let root = objects.read(&mut input)?;
    let Value::Items(keys) = objects.read(&mut input)? else {
        return Err("does not list its storages".to_owned());
    };
    let left = input.buffer().len() as u64 + input.get_ref().limit();
    let mut at = LONGEST_PICKLE_BYTES - left;
    drop(input);
    let storages: HashMap<&str, &Storage> = objects.storages.iter().map(|it| (&*it.key, it)).collect();
    let mut starts = HashMap::new();
    for key in &objects.items[keys] {
        let key: Rc<str> = match key {
            Value::Text(key) => key.clone(),
            other => number(Some(other))?.to_string().into(),
        };
        let storage = storages.get(&*key).ok_or_else(|| format!("holds numbers `{key}` that belong to no tensor"))?;
        let bytes = storage_bytes(storage)?;
        starts.insert(key, at + 8);
        at = at.checked_add(8 + bytes).filter(|end| *end <= length).ok_or("holds fewer numbers than it lists")?;
    }
    Ok((objects, root, starts))
}

fn storage_bytes(storage: &Storage) -> Result<u64, String> {
    (storage.count as u64)
        .checked_mul(width(&storage.kind)? as u64)
        .ok_or_else(|| "has a storage of impossible size".to_owned())
}

/// Bytes of a number in a storage.
fn width(kind: &str) -> Result<usize, String> {
    match kind {
        "DoubleStorage" | "LongStorage" => Ok(8),
        "FloatStorage" | "IntStorage" => Ok(4),
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => Ok(2),
        "CharStorage" | "ByteStorage" | "BoolStorage" => Ok(1),
        _ => Err(format!("holds numbers of an unknown type, `{kind}`")),
    }
}

/// Check a view, which is untrusted: it must lie in its storage, and both in a file of `length` bytes.
fn fits(tensor: &TensorView, storage: &Storage, starts: &HashMap<Rc<str>, u64>, length: u64) -> Result<(), String> {
    let size = width(&storage.kind)?;
    let count = tensor.shape.iter().try_fold(size, |product, length| product.checked_mul(*length));
    let count = count.filter(|count| *count as u64 <= length);
    let count = count.ok_or_else(|| format!("claims more than the {length} bytes of the file"))?;
    if tensor.shape.len() != tensor.stride.len() {
        return Err("has a shape and strides that do not fit each other".to_owned());
    }
    let end = starts.get(&storage.key).and_then(|start| start.checked_add(storage_bytes(storage).ok()?));
    let step = |(length, stride): (&usize, &usize)| length.saturating_sub(1).checked_mul(*stride);
    let mut steps = tensor.shape.iter().zip(&tensor.stride).map(step);
    let last = steps.try_fold(tensor.offset, |sum, step| sum.checked_add(step?));
    if end.is_none_or(|end| end > length) || count > 0 && last.is_none_or(|last| last >= storage.count) {
        return Err("does not lie in its storage".to_owned());
    }
    Ok(())
}

/// Every tensor of a dictionary, by its path of keys. A dictionary that occurs again is read once.
fn collect<'a>(
    objects: &'a Objects,
    value: &Value,
    path: &mut Vec<&'a str>,
    seen: &mut HashSet<usize>,
    into: &mut BTreeMap<String, TensorView>,
) -> Result<(), String> {
    match value {
        Value::Tensor(index) => drop(into.insert(path.join("."), objects.tensors[*index].clone())),
        Value::Dict(index) if path.len() < DEEPEST && seen.insert(*index) => {
            for (key, value) in &objects.dicts[*index] {
                let (Value::Text(key), Value::Tensor(_) | Value::Dict(_)) = (key, value) else { continue };
                if key.len() > LONGEST_KEY_BYTES {
                    return Err(format!("has a key of {} bytes in a dictionary of tensors", key.len()));
                }
                path.push(key);
                collect(objects, value, path, seen, into)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

impl TensorFile for TorchFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|tensor| tensor.shape.clone())
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let tensor = self.tensors.get(name).cloned();
        let tensor = tensor.ok_or_else(|| Error::file(&self.path, format!("lacks the tensor `{name}`")))?;
        let kind = self.storages[tensor.storage].kind.clone();
        if !["DoubleStorage", "FloatStorage", "HalfStorage", "BFloat16Storage"].contains(&&*kind) {
            return Err(Error::file(&self.path, format!("tensor `{name}` holds a {kind}, not floats")));
        }
        let bytes = self.bytes(&tensor).map_err(|e| Error::io("reading", &self.path, e))?;
        Ok(floats(&bytes, width(&kind).unwrap_or(4), &*kind == "BFloat16Storage"))
    }
}
