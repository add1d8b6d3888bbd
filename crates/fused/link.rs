//! The build script of every crate with a binary or a test on the tensor tower.
//!
//! torch-sys tells only its direct dependents the folder of LibTorch, and sets no run path. With a run path nothing
//! needs `LD_LIBRARY_PATH`, which still overrides it. `FATHOM_BURN` becomes the version of burn in `Cargo.lock`, and in
//! a binary `FATHOM_COMMIT` the commit of the build.
#![expect(clippy::print_stdout, reason = "how a build script speaks to Cargo")]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    if let Ok(library) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{library}");
    }
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    println!("cargo:rustc-env=FATHOM_BURN={}", burn_version());
    if Path::new("src/main.rs").exists() {
        println!("cargo:rustc-env=FATHOM_COMMIT={}", commit());
        println!("cargo:rerun-if-changed=..");
        println!("cargo:rerun-if-changed=../../.git/logs/HEAD");
    }
}

fn burn_version() -> String {
    let lock = std::fs::read_to_string("../../Cargo.lock").unwrap_or_default();
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"burn\"").skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.unwrap_or("unknown").to_owned()
}

fn commit() -> String {
    let described = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let text = described.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    if text.trim().is_empty() { "unknown".to_owned() } else { text.trim().to_owned() }
}
