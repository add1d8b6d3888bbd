//! A study's folder: `config.json` of every run, `data.json`, and the plan itself.

use std::path::Path;
use std::time::SystemTime;

use records::publish;
use records::run_dir::RunDir;
use study::{Configuration, Study};

use crate::Format;

/// Write what differs. A `config.json` keeps its time unless its bytes change, and with it whatever was made from it; `data.json`
/// does the same for what the whole study is trained on. The plan comes last, so that it is never older than they are.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write(
    folder: &Path,
    file: &Path,
    format: Format,
    study: &Study,
    configurations: &[Configuration],
    plan: &str,
) -> anyhow::Result<()> {
    let path = folder.join(if format == Format::Make { "plan.mk" } else { "plan.jsonl" });
    let planned = modified(&path);
    let data = serde_json::to_string_pretty(&study.data)? + "\n";
    let mut changed = put(&folder.join("data.json"), &data, planned, file)?;
    for configuration in configurations {
        let run = RunDir::new(folder.join("runs").join(&configuration.id));
        changed |= put(&run.config(), &configuration.to_json()?, planned, file)?;
    }
    if changed {
        log_summary(study, configurations);
        return Ok(publish::bytes(&path, plan.as_bytes())?);
    }
    publish::if_changed(&path, plan.as_bytes())?;
    Ok(())
}

/// Warn if the study file `path` has the name of the study file beside it, as a copy has: both would share its shards.
pub(crate) fn warn_of_namesake(path: &Path, study: &Study) {
    let (name, own) = (&study.name, path.file_stem().unwrap_or_default().to_string_lossy());
    let namesake = path.with_file_name(format!("{name}.toml"));
    if *own != **name && namesake.exists() {
        let path = path.display();
        log::warn!(
            "`{path}` has the `name` of `{}`, and would share its shards; write `name = \"{own}\"`",
            namesake.display()
        );
    }
}

/// Whether `text` had to be written. If somebody edited the file after the last plan, a warning says so: they may believe that
/// their edit is going to be trained.
fn put(path: &Path, text: &str, planned: Option<SystemTime>, study: &Path) -> anyhow::Result<bool> {
    let is_edited = planned.zip(modified(path)).is_some_and(|(planned, changed)| changed > planned);
    let is_written = publish::if_changed(path, text.as_bytes())?;
    if is_written && is_edited {
        let (path, study) = (path.display(), study.display());
        log::warn!("`{path}` was changed by hand; it is again what `{study}` says: change that instead");
    }
    Ok(is_written)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn log_summary(study: &Study, configurations: &[Configuration]) {
    let (runs, rows, seeds) = (configurations.len(), study.configuration.len(), study.seeds.len());
    let epochs: usize = configurations.iter().map(|configuration| configuration.epochs).sum();
    log::info!("study `{}`: {runs} runs ({rows} configurations, {seeds} seeds), {epochs} epochs at most", study.name);
}
