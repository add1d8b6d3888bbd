//! Any bytes as an archive, packed and as they are: an error, or reviews with text.
#![no_main]

#[path = "../../../crates/prep/src/datasets/mod.rs"]
#[allow(dead_code)]
mod datasets;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("fathom-fuzz-{}.tar.gz", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let source = datasets::Source { input: None, archive: Some(path) };
    if let Ok(dataset) = datasets::open("imdb", &source).and_then(datasets::Opened::read) {
        assert!(dataset.reviews.iter().all(|review| !review.text.trim().is_empty() && review.label < 2));
    }
}

fuzz_target!(|data: &[u8]| {
    read(data);
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    packer.write_all(data).unwrap();
    read(&packer.finish().unwrap());
});
