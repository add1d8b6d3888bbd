//! A study that is there already, and the texts that it was made for.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use study::Study;

use super::file::made_for;
use super::look::Found;

const WAY_OUT: &str = "name a study of its own with `--name` (STUDY=NAME)";

/// What to warn of if the study at `path`, which a person chose by name if it `is_named`, was made for other texts than those
/// at `file`.
///
/// # Errors
/// The study cannot be read, is not one of a person's own texts, or was made for other texts and is not named, or cannot read
/// these.
pub(super) fn check(path: &Path, file: &Path, is_named: bool) -> Result<Option<String>> {
    let (place, new) = (path.display(), file.display());
    let text = std::fs::read_to_string(path).with_context(|| format!("reading `{place}`"))?;
    let data = Study::parse(path, &text)?.data;
    let dataset = &data.dataset;
    ensure!(dataset == "jsonl", "`{place}` is a study of the data set `{dataset}`; name yours with STUDY=NAME");
    let Some(old) = made_for(&text).filter(|old| file.exists() && !is_same(Path::new(old), file)) else {
        return Ok(None);
    };
    Found::at(file, &data)
        .map_err(|e| anyhow!("`{place}` was made for `{old}` and cannot be used for `{new}`: {e:#}; {WAY_OUT}"))?;
    // Where the old file is gone, this one may be it.
    ensure!(
        is_named || !Path::new(old).exists(),
        "`{place}` was made for `{old}`, whose results `{new}` would replace; {WAY_OUT}"
    );
    Ok(Some(format!("`{place}` was made for `{old}`, and its settings may not suit `{new}`")))
}

fn is_same(old: &Path, new: &Path) -> bool {
    old == new || old.canonicalize().is_ok_and(|old| new.canonicalize().is_ok_and(|new| old == new))
}
