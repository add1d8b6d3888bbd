//! Inputs from the fuzzer, each of which takes a different path through the code. Unpack one with `tar xzf` to continue
//! from it.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use tar::Archive;

/// The inputs of one target.
pub(crate) fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let packed = std::fs::File::open(folder.join(format!("{target}.tar.gz"))).unwrap();
    let read = |file: std::io::Result<tar::Entry<'_, _>>| {
        let mut bytes = Vec::new();
        file.unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    Archive::new(GzDecoder::new(packed)).entries().unwrap().map(read).collect()
}
