//! A temporary folder with a study file, a model folder and whatever a test puts there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use records::publish;
use tempfile::TempDir;

pub(crate) const TINY: &[u8] = include_bytes!("../data/models/tiny/tokenizer.json");

/// Every test has its own.
pub(crate) struct Workplace(TempDir);

impl Workplace {
    /// With a study whose `[data]` is `data`, and the model folder `tiny`.
    pub(crate) fn new(data: &str) -> Self {
        let workplace = Workplace(tempfile::tempdir().unwrap());
        let rest = "[[configuration]]\nid = \"a\"\nencoder = \"tiny\"\nblocks = \"first:1\"\nhead = { kind = \"h\" }\n\
                    epochs = 1\nbatch_size = 1\ndropout = 0.1\noptimizer = { kind = \"o\" }\n";
        let study = format!("name = \"x\"\nseeds = [1]\n[data]\ntokenizer = \"tiny\"\n{data}\n{rest}");
        workplace.put("x.toml", study.as_bytes());
        workplace.put("models/tiny/tokenizer.json", TINY);
        workplace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        publish::bytes(&self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// `prep` with the study and the models of this folder, to its `out`.
    pub(crate) fn prep(&self) -> Command {
        let mut prep = self.prep_to("out");
        prep.arg("--models").arg("models");
        prep
    }

    pub(crate) fn prep_to(&self, out: &str) -> Command {
        let mut prep = assert_cmd::cargo::cargo_bin_cmd!("prep");
        prep.current_dir(self.0.path()).args(["--definition", "x.toml", "--out", out]);
        prep
    }

    /// Everything that is there, as sorted names.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.0.path())
    }

    /// The files of the folder `name` with their bytes.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let folder = self.path(name);
        names(&folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

/// A `.tar.gz` of files with these names and contents; a name that ends in `/` is a folder.
pub(crate) fn archive<'a>(entries: impl IntoIterator<Item = &'a (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        // Not `set_path`, which refuses the names that a hostile archive has.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_entry_type(if name.ends_with('/') { tar::EntryType::Directory } else { tar::EntryType::Regular });
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    gzip(&archive.into_inner().unwrap())
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}
