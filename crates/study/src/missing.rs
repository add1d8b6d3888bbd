//! Where a study file is missing: the studies that are there, and the one that was meant.

use std::path::{Path, PathBuf};

use crate::nearest;

/// The folder of studies, below that of the project.
const STUDIES: &str = "pipelines";

/// What to say behind `no study PATH`. A name without a folder may mean a study here or in `pipelines`; otherwise the studies
/// beside it are listed.
pub(crate) fn others(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = stem(path);
    if folder.as_os_str().is_empty() {
        let there = [studies(Path::new("")), studies(Path::new(STUDIES))].concat();
        let names: Vec<String> = there.iter().map(|path| stem(path)).collect();
        let near = nearest(&name, names.iter().map(String::as_str));
        let meant = there.iter().find(|path| near.is_some_and(|near| stem(path) == near));
        return meant.map(|path| format!("; did you mean `{}`?", path.display())).unwrap_or_default();
    }
    let names: Vec<String> = studies(folder).iter().map(|path| stem(path)).collect();
    let meant = nearest(&name, names.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    match names.is_empty() {
        true => String::new(),
        false => format!("; there are `{}`{}", names.join("`, `"), meant.unwrap_or_default()),
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
