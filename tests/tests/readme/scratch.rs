//! The scratch copy of the project, in which the documented commands run.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::blocks::Block;
use super::project::{bin, root};
use super::{models, studies, trials};

/// Variables that control make; the environment's own values must not reach it.
const STEERING: [&str; 14] = [
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "STUDY",
    "LAUNCH",
    "MARGIN",
    "HEAD",
    "INPUT",
    "IMDB_ARCHIVE",
    "MODELS_DIR",
    "LIBTORCH",
    "CARGO_TARGET_DIR",
    "A",
    "B",
];

/// Reads all of its input, so that the writer does not end early.
const HEAD: &str = "head() { command head \"$@\"; cat > /dev/null; }\n";

/// A folder with the project's Makefile, shortened studies, the tools, and a user's data.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// With the files in `documented` blocks: study files and example lines.
    pub(crate) fn new(documented: &[&Block]) -> Self {
        let scratch = Scratch(tempfile::tempdir().unwrap());
        scratch.copy_project();
        scratch.add_data();
        scratch.add_documented(documented);
        scratch.add_stand_ins();
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn copy_project(&self) {
        for file in ["Makefile", "tests/chaos.py", "tests/faults.py", "tests/memory.py", "tests/fuzz/Cargo.toml"] {
            fs::copy(root().join(file), self.path(file)).unwrap();
        }
        symlink(root().join("crates"), self.path("crates")).unwrap();
        symlink(bin().canonicalize().unwrap(), self.path("target/release")).unwrap();
        for study in fs::read_dir(root().join("pipelines")).unwrap().map(|entry| entry.unwrap().path()) {
            if study.extension().is_some_and(|extension| extension == "toml") {
                self.copy_study(&study);
            }
        }
    }

    /// A shortened study keeps its name; outputs named after the study's size are linked under the full study's names.
    fn copy_study(&self, study: &Path) {
        let name = study.file_stem().unwrap().to_str().unwrap();
        let short = self.path(&format!("pipelines/{name}.toml"));
        fs::write(&short, studies::cut_short(name, &fs::read_to_string(study).unwrap())).unwrap();
        let [whole, short] = [study, &short].map(|file| self.shards_name(file));
        let link = self.path(&format!("data/shards/{whole}"));
        if whole != short && !link.is_symlink() {
            symlink(short, link).unwrap();
        }
    }

    fn shards_name(&self, study: &Path) -> String {
        let plan = tempfile::tempdir().unwrap();
        let mut command = Command::new(bin().join("plan"));
        command.arg(study).arg("--write").arg(plan.path()).args(["--format", "make", "-q"]);
        assert!(command.status().unwrap().success(), "plan {}", study.display());
        let text = fs::read_to_string(plan.path().join("plan.mk")).unwrap();
        let name = text.lines().find_map(|line| line.strip_prefix("SHARDS_NAME :="));
        name.unwrap().trim().to_owned()
    }

    /// The archive and two models: under the names that `fetch` uses, and as the user's own copies.
    fn add_data(&self) {
        let sample = root().join("crates/fetch/assets/sample-bert");
        for model in ["data/models/all-MiniLM-L6-v2", "data/models/bert-base-cased", "DIR/all-MiniLM-L6-v2"] {
            models::write(&sample, &self.path(model));
        }
        studies::write_archive(&self.path("unpacked"), &self.path("FILE"));
        fs::copy(self.path("FILE"), self.path("data/imdb/aclImdb_v1.tar.gz")).unwrap();
    }

    /// A `toml` block whose first line names a file becomes that file; `json` blocks start `mail.jsonl`.
    fn add_documented(&self, blocks: &[&Block]) {
        let mut examples = String::new();
        for block in blocks {
            let file = block.text.lines().next().and_then(|line| line.strip_prefix("# pipelines/"));
            match (block.language.as_str(), file.and_then(|line| line.split(':').next())) {
                ("toml", Some(file)) => fs::write(self.path(&format!("pipelines/{file}")), &block.text).unwrap(),
                ("json", _) if examples.is_empty() => examples = block.text.clone(),
                _ => {}
            }
        }
        studies::write_mail(&examples, &self.path("mail.jsonl"));
    }

    fn add_stand_ins(&self) {
        for (name, script) in trials::STAND_INS {
            let path = self.path(&format!("stand-ins/{name}"));
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Run `script` from `place` in a README; it must succeed.
    pub(crate) fn run(&self, place: &str, script: &str) {
        let mut command = Command::new("bash");
        for name in STEERING {
            command.env_remove(name);
        }
        // A block that sets PATH itself gets no default.
        let tools = if script.contains("export PATH") { "" } else { ":target/release" };
        let folders = format!("{}/stand-ins{tools}:{}", self.0.path().display(), std::env::var("PATH").unwrap());
        command.current_dir(self.0.path()).env("PATH", folders).stdin(Stdio::null());
        command.envs([("BACKEND", "flex"), ("DEVICE", "flex"), ("CARGO", "true")]).env("BIN", bin());
        let output = command.arg("-c").arg(format!("set -eo pipefail\n{HEAD}{script}")).output().unwrap();
        let [text, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{place} fails ({}):\n{script}\n{text}\n{errors}", output.status);
    }
}
