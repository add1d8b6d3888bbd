//! Which crate may depend on which: Cargo's own list, for what a tool is built from.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The crates that `packages` are built from, one a line: name, version and, after a bar, features.
fn tree(packages: &str) -> Vec<String> {
    let arguments = ["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}|{f}"];
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let packages = packages.split(' ').flat_map(|package| ["-p", package]);
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(arguments).args(packages).args(["--manifest-path", manifest]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| line.contains('|')).map(|line| line.replace(" (*)", "")).collect()
}

#[test]
fn tools_without_tensors_and_crates_below_do_not_depend_on_what_lies_above() {
    for (package, forbidden) in [
        ("report", &["burn", "tch", "torch-sys"][..]),
        ("plan", &["burn", "tch", "torch-sys"]),
        ("prep", &["burn", "tch", "torch-sys", "parquet"]),
        ("tfidf", &["burn", "tch"]),
        ("bert", &["study", "records"]),
        ("classifier", &["study", "records"]),
    ] {
        let tree = tree(package);
        let names: Vec<&str> = tree.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names[0], package);
        let found: Vec<_> = names.iter().filter(|name| forbidden.contains(name)).collect();
        assert!(found.is_empty(), "{package} depends on {found:?}");
    }
}

/// A crate that two calls of the Makefile build with different features is compiled twice, with everything above it.
#[test]
fn the_builds_of_the_makefile_agree_on_features() {
    let mut features = BTreeMap::<String, BTreeSet<String>>::new();
    for packages in ["fetch plan prep", "train evaluate attend bench", "report", "fetch report train"] {
        for line in tree(packages) {
            let (krate, asked) = line.split_once('|').unwrap();
            features.entry(krate.to_owned()).or_default().insert(asked.to_owned());
        }
    }
    features.retain(|_, asked| asked.len() > 1);
    assert!(features.is_empty(), "add these features to crates/unify/Cargo.toml: {features:#?}");
}
