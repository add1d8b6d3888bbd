//! PyTorch files: what `torch.save` writes, and what an attacker might.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot continue has failed")]

use std::path::{Path, PathBuf};

use bert::{Checkpoint, FAMILIES, TensorSource};

#[path = "../../../tests/fuzz/checks/zip.rs"]
mod zip;

/// The three pickles at the start of the legacy layout: magic number, protocol, system.
const LEGACY: &[u8] =
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\x0d\0\0\0little_endian\x88s.";
/// The fifth pickle, the key of the only storage, and the count of its numbers.
const KEYS: &[u8] = b"\x80\x02]X\x01\0\0\0\x30a.\x10\0\0\0\0\0\0\0";

fn open(path: &Path) -> Result<Checkpoint, bert::Error> {
    Checkpoint::file(path, FAMILIES[0])
}

#[test]
fn every_file_that_pytorch_writes_holds_the_same_numbers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torch");
    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 16);
    for file in files {
        let mut weights = open(&file).unwrap();
        let mut numbers =
            |name: &str, shape: [usize; 2]| weights.take(name, &shape).unwrap().iter::<f32>().collect::<Vec<f32>>();
        assert_eq!(numbers("a", [2, 3]), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "{}", file.display());
        assert_eq!(numbers("b", [3, 2]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0], "{}", file.display());
    }
}

#[test]
fn integers_are_not_taken_for_weights() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torch");
    for name in ["long-zip.bin", "long-legacy.bin"] {
        let message = open(&folder.join(name)).unwrap().take("position_ids", &[4]).unwrap_err().to_string();
        assert!(message.contains("holds a LongStorage, not floats"), "{message}");
    }
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_refused() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torch");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytorch_model.bin");
    for name in ["shared-zip.bin", "shared-legacy.bin"] {
        let whole = std::fs::read(source.join(name)).unwrap();
        for length in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let message = open(&path).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains("pytorch_model.bin"), "{name}, {length} bytes: {message}");
        }
    }
}

fn number(value: i64) -> Vec<u8> {
    [&[0x8a, 8][..], &value.to_le_bytes()].concat()
}

fn tuple(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    [&b"("[..], &items.into_iter().flatten().collect::<Vec<u8>>(), b"t"].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// A view of a storage of `count` floats.
fn tensor(count: i64, offset: i64, shape: &[i64], stride: &[i64]) -> Vec<u8> {
    let name = b"ctorch\nFloatStorage\n".to_vec();
    let storage = [tuple([text("storage"), name, text("0"), text("cpu"), number(count)]), b"Q".to_vec()].concat();
    let sizes = |sizes: &[i64]| tuple(sizes.iter().map(|size| number(*size)));
    let hooks = b"ccollections\nOrderedDict\n)R".to_vec();
    let arguments = tuple([storage, number(offset), sizes(shape), sizes(stride), vec![0x89], hooks]);
    [&b"ctorch._utils\n_rebuild_tensor_v2\n"[..], &arguments, b"R"].concat()
}

fn dictionary(items: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let items: Vec<u8> = items.into_iter().flat_map(|(name, value)| [text(&name), value].concat()).collect();
    [&b"}("[..], &items, b"u"].concat()
}

fn pickle(value: Vec<u8>) -> Vec<u8> {
    [&b"\x80\x02"[..], &value, b"."].concat()
}

/// Tensors of more axes than there are, again and again from one memo.
fn many_axes() -> Vec<u8> {
    let function = b"ctorch._utils\n_rebuild_tensor_v2\nq\0".to_vec();
    let shape = tuple(vec![vec![b'K', 1]; 100_000]);
    let storage = tuple([text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cpu"), number(16)]);
    let arguments = tuple([
        [storage, b"Q".to_vec()].concat(),
        vec![b'K', 0],
        [shape, b"q\x01".to_vec()].concat(),
        b"h\x01".to_vec(),
    ]);
    let again = b"h\0h\x02R0".repeat(20_000);
    [function, arguments, b"q\x02".to_vec(), again, b"}".to_vec()].concat()
}

/// Five levels of dictionaries, each of which holds the next one 1,000 times.
fn nested() -> Vec<u8> {
    let deepest = [dictionary([("x".to_owned(), tensor(16, 0, &[2], &[1]))]), b"q\0".to_vec()].concat();
    let level = |inner: u8| {
        let items = (0..1000).map(|i| (format!("k{i}"), vec![b'h', inner]));
        [dictionary(items), vec![b'q', inner + 1]].concat()
    };
    [deepest, level(0), level(1), level(2), level(3)].concat()
}

#[test]
fn a_hostile_file_is_refused_or_harmless_executes_nothing_and_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let executed = folder.path().join("executed");
    let call = |module: &str, name: &str| {
        [
            format!("c{module}\n{name}\n").into_bytes(),
            tuple([text(&format!("touch {}", executed.display()))]),
            b"R".to_vec(),
        ]
        .concat()
    };
    let one = |value: Vec<u8>| dictionary([("x".to_owned(), value)]);
    let far = 1 << 62;
    let cases = [
        ("os.system", call("os", "system"), "`os.system`"),
        ("os.system among tensors", one(call("posix", "system")), "`posix.system`"),
        ("eval", one(call("builtins", "eval")), "`builtins.eval`"),
        ("torch.load in a file", one(call("torch", "load")), "`torch.load`"),
        ("10^9 numbers of one", one(tensor(16, 0, &[1_000_000_000], &[0])), "claims more than"),
        ("a storage of 10^15 numbers", one(tensor(1_000_000_000_000_000, 0, &[2, 2], &[1, 2])), ""),
        ("a storage beyond all numbers", one(tensor(far, 0, &[2], &[3])), ""),
        ("an offset beyond the storage", one(tensor(16, 15, &[2], &[1])), "does not lie in its storage"),
        ("a negative offset", one(tensor(16, -1, &[2], &[1])), "has the size -1"),
        ("steps beyond all numbers", one(tensor(16, 1, &[3, 3], &[far, far])), "does not lie in its storage"),
        ("no numbers, in many rows", one(tensor(16, 0, &[far, 0], &[1, 1])), "claims more than"),
        ("many rows of no numbers", one(tensor(16, 0, &[0, far, far], &[1, 1, 1])), "-"),
        ("65 axes", one(tensor(16, 0, &[1; 65], &[1; 65])), "a tensor of 65 axes"),
        ("100,000 axes, 20,000 times", many_axes(), "axes"),
        ("10^12 paths to one tensor", nested(), "-"),
        ("a long key", dictionary([("k".repeat(300), tensor(16, 0, &[2], &[1]))]), "a key of 300 bytes"),
        ("300,000 opcodes", vec![b'N'; 300_001], "more than a model's tensors"),
    ];
    let path = folder.path().join("pytorch_model.bin");
    for (what, value, says) in cases {
        let pickle = pickle(value);
        let legacy = [LEGACY, &pickle, KEYS, &[0; 64]].concat();
        for bytes in [zip::zip(&[("m/data.pkl", &pickle), ("m/data/0", &[0; 64])]), legacy] {
            std::fs::write(&path, bytes).unwrap();
            let message = open(&path).and_then(|mut it| it.take("x", &[3]).map(|_| ())).unwrap_err().to_string();
            assert!(says == "-" || message.contains(says), "{what}: {message}");
            assert!(message.len() < 1000, "{what}");
        }
    }
    assert!(!executed.exists());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    assert!(peak.is_none_or(|kib| kib < 200 << 10), "{peak:?} KiB");
}
