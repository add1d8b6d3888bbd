//! Bring what a measurement needs and is not there yet: reviews, models, and a Python with PyTorch.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// Where `fetch` puts the archive of the IMDB reviews.
pub(crate) const ARCHIVE: &str = "data/imdb/aclImdb_v1.tar.gz";
/// Where `fetch` puts models.
pub(crate) const MODELS: &str = "data/models";
/// The Python of `--peer` without a value.
pub(crate) const PYTHON: &str = "data/bench-venv/bin/python";

/// Fetch the archive, unless it is there or the user named another one.
pub(crate) fn archive(path: &Path, bin: &Path) -> anyhow::Result<()> {
    if path.exists() || path != Path::new(ARCHIVE) {
        return Ok(());
    }
    run(Command::new(bin.join("fetch")).args(["data", "imdb", "--out", "data/imdb"]))
}

/// Fetch the model `name` into `models`, unless it is there or the user named another folder.
pub(crate) fn model(models: &Path, name: &str, bin: &Path) -> anyhow::Result<()> {
    if models.join(name).join("config.json").exists() || models != Path::new(MODELS) {
        return Ok(());
    }
    run(Command::new(bin.join("fetch")).args(["model", name, "--out", MODELS]))
}

/// Make a virtual environment with the packages of `requirements.txt` in `peers`, unless it is there
/// or the user named another Python.
pub(crate) fn python(python: &Path, peers: &Path) -> anyhow::Result<()> {
    if python.exists() || python != Path::new(PYTHON) {
        return Ok(());
    }
    log::info!("installing PyTorch in data/bench-venv");
    run(Command::new("python3").args(["-m", "venv", "data/bench-venv"]))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let installed = run(Command::new(python).args(pip).arg(peers.join("requirements.txt")));
    if installed.is_err() {
        std::fs::remove_dir_all("data/bench-venv")?;
    }
    installed
}

/// The command's own messages go to stderr.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("starting `{name}`"))?;
    ensure!(status.success(), "`{name}` failed ({status}); its message is above");
    Ok(())
}
