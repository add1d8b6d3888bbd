//! Any bytes as `pytorch_model.bin`, and as the pickle in either of its layouts: an error, or tensors with the lengths
//! of their shapes.

use bert::{Checkpoint, FAMILIES, TensorSource};

#[path = "zip.rs"]
mod zip;

/// The three pickles at the start of the legacy layout: magic number, protocol, system.
const LEGACY: &[u8] =
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\x0d\0\0\0little_endian\x88s.";

fn read(path: &std::path::Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    let Ok(mut weights) = Checkpoint::file(path, FAMILIES[0]) else { return };
    let names: Vec<String> = weights.unused().into_iter().map(str::to_owned).collect();
    for name in names {
        let shape = weights.shape(&name).unwrap();
        if let Ok(tensor) = weights.take(&name, &shape) {
            assert_eq!(tensor.as_bytes().len(), 4 * shape.iter().product::<usize>());
        }
    }
}

pub(crate) fn check(data: &[u8]) {
    let folder = std::env::temp_dir().join(format!("fathom-fuzz-torch-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("pytorch_model.bin");
    read(&path, data);
    // The fuzzer would otherwise search for the frame only.
    read(&path, &zip::zip(&[("m/data.pkl", data), ("m/data/0", &[0; 64]), ("m/data/1", &[0; 64])]));
    read(&path, &[LEGACY, data].concat());
    std::fs::remove_dir_all(&folder).unwrap();
}
