//! Any bytes as an archive and as a file of one's own, compressed and not: an error, or reviews of classes there are.

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
    for name in ["imdb", "jsonl"] {
        let archive = Some(path()).filter(|_| name == "imdb");
        let source = datasets::Source { input: Some(path()).filter(|_| name == "jsonl"), archive };
        let data = study::Data { dataset: name.to_owned(), ..study::Data::default() };
        let mut store = texts::Store::new(std::env::temp_dir());
        let Ok(dataset) = datasets::open(&source, &data).and_then(|opened| opened.read(&mut store)) else { continue };
        for review in &dataset.reviews {
            let text = store.text(&review.text).unwrap();
            assert!(review.label < dataset.labels.len() && (name == "jsonl" || !text.trim().is_empty()));
        }
    }
}

pub(crate) fn check(data: &[u8]) {
    read(data);
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    packer.write_all(data).unwrap();
    read(&packer.finish().unwrap());
    std::fs::remove_file(path()).unwrap();
}
