//! Where a study file is missing: the studies that are there, and the one that was meant.

use std::path::{Path, PathBuf};

use crate::nearest;

/// The folder of studies, below that of the project.
const STUDIES: &str = "pipelines";

/// What to say behind `no study PATH`: the studies beside it, and the one that was meant. Where none are beside it, or the name
/// has no folder, those in `pipelines` are listed; other files of the current folder are offered only for a near name.
pub(crate) fn others(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (beside, elsewhere) = (studies(folder), studies(Path::new(STUDIES)));
    let is_bare = folder.as_os_str().is_empty();
    let listed = if is_bare || beside.is_empty() { &elsewhere } else { &beside };
    let name = stem(path);
    let candidates: Vec<(String, &PathBuf)> = beside.iter().chain(listed).map(|path| (stem(path), path)).collect();
    let near = nearest(&name, candidates.iter().map(|(name, _)| name.as_str()));
    let shown = |path: &PathBuf| match !is_bare && path.parent() == Some(folder) {
        true => stem(path),
        false => path.display().to_string(),
    };
    let meant = candidates.iter().find(|(name, _)| Some(name.as_str()) == near);
    let meant = meant.map(|(_, path)| format!("; did you mean `{}`?", shown(path))).unwrap_or_default();
    match listed.is_empty() || (is_bare && !meant.is_empty()) {
        true => meant,
        false => format!("; there are `{}`{meant}", listed.iter().map(shown).collect::<Vec<_>>().join("`, `")),
    }
}

/// The files in `folder` that may be studies, sorted; hidden ones are not.
fn studies(folder: &Path) -> Vec<PathBuf> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut studies: Vec<PathBuf> =
        names.filter(|name| name.ends_with(".toml") && !name.starts_with('.')).map(|name| folder.join(name)).collect();
    studies.sort();
    studies
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
