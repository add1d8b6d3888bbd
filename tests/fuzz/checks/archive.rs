//! Any bytes as an archive, compressed and not: an error, or reviews with text.

#[path = "../../../crates/prep/src/datasets/mod.rs"]
#[allow(dead_code)]
mod datasets;

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

fn path() -> PathBuf {
    std::env::temp_dir().join(format!("fathom-fuzz-{}.tar.gz", std::process::id()))
}

fn read(bytes: &[u8]) {
    std::fs::write(path(), bytes).unwrap();
    let source = datasets::Source { input: None, archive: Some(path()) };
    if let Ok(dataset) = datasets::open("imdb", &source).and_then(datasets::Opened::read) {
        assert!(dataset.reviews.iter().all(|review| !review.text.trim().is_empty() && review.label < 2));
    }
}

pub(crate) fn check(data: &[u8]) {
    read(data);
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    packer.write_all(data).unwrap();
    read(&packer.finish().unwrap());
    std::fs::remove_file(path()).unwrap();
}
