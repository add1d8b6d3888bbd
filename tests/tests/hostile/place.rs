//! A folder with a model, shards and a finished run, for tests to damage.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

const STUDY: &str = r#"
name = "s"
seeds = [1]
[data]
dataset = "sample"
tokenizer = "sample-bert"
max_seq_length = 32
train_examples = 64
test_examples = 20
[defaults]
encoder = "sample-bert"
weights = "random"
epochs = 1
batch_size = 16
dropout = 0.1
optimizer = { kind = "adamw", encoder_learning_rate = 1e-3, head_learning_rate = 1e-3 }
[[configuration]]
id = "1VA"
blocks = "first:1"
head = "cls-linear"
"#;

/// Made once; every test damages a copy.
static SOUND: LazyLock<Place> = LazyLock::new(|| {
    let place = Place(tempfile::tempdir().unwrap());
    place.write("s.toml", STUDY);
    for command in [
        "fetch model sample-bert --out models",
        "prep --definition s.toml --models models --out shards",
        "plan s.toml --write .",
        "train --config runs/1VA-s1/config.json --shards shards --model models/sample-bert --out runs/1VA-s1 --device flex",
        "evaluate --run runs/1VA-s1 --shards shards --device flex --out runs/1VA-s1/predictions.test.jsonl",
    ] {
        let output = place.run(command, b"");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    place
});

pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn sound() -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        copy(SOUND.0.path(), place.0.path());
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "`{name}` has no `{from}`");
        self.write(name, text.replacen(from, to, 1));
    }

    fn tool(&self, command: &str) -> Command {
        let mut words = command.split(' ');
        let mut tool = Command::new(bin().join(words.next().unwrap()));
        tool.args(words).current_dir(self.0.path());
        tool
    }

    /// Run a tool in this folder.
    pub(crate) fn run(&self, command: &str, stdin: &[u8]) -> Output {
        let mut child = self
            .tool(command)
            .arg("-q")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap_or_default(); // the tool may stop before it has read all
        child.wait_with_output().unwrap()
    }

    /// The tool fails with one line that contains `says`, and changes no file.
    pub(crate) fn refuses(&self, command: &str, stdin: &[u8], says: &str) {
        let before = files(self.0.path());
        let output = self.run(command, stdin);
        let text = String::from_utf8(output.stderr).unwrap();
        let tool = command.split(' ').next().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command} ({says}): {text}");
        assert!(text.contains(says), "{command}: not `{says}` but: {text}");
        assert!(text.lines().count() == 1 && text.starts_with(&format!("{tool}: ")), "{command}: {text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{command}: {text:?}");
        let after = files(self.0.path());
        assert!(before == after, "{command} ({says}) wrote something: {:?}", after.keys());
    }

    /// The tool's exit status; `None` if it did not end within some seconds.
    pub(crate) fn ended(&self, command: &str) -> Option<ExitStatus> {
        let mut child =
            self.tool(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ended = (0..800).find_map(|_| {
            std::thread::sleep(Duration::from_millis(25));
            child.try_wait().unwrap()
        });
        child.kill().unwrap_or_default();
        ended
    }

    /// The tool succeeds.
    pub(crate) fn takes(&self, command: &str, stdin: &[u8]) -> String {
        let output = self.run(command, stdin);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let copied = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::write(copied, bytes).unwrap();
    }
}

/// The folder of the tools.
pub(crate) fn bin() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release");
    std::env::var_os("BIN").filter(|bin| !bin.is_empty()).map_or(built, PathBuf::from)
}
