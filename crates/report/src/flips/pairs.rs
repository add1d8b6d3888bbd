//! Two models as they are named at a shell, seed by seed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::check::by_configuration;
use crate::outcomes::Outcomes;
use crate::runs::Run;
use crate::sources;

/// The runs of one configuration, and what they were called.
pub(super) struct Side {
    name: String,
    runs: Vec<Run>,
}

/// Answers of A and B to the same examples, one pair for each seed that both have.
pub(super) struct Pairs<'a>(Vec<(&'a Outcomes, &'a Outcomes)>);

impl Side {
    /// A run folder, or `<runs>/<configuration>` for all of its seeds.
    pub(super) fn read(named: &Path) -> Result<Side> {
        let name = named.display().to_string();
        let runs = sources::read(&folders(named)?)?.runs;
        let n_configurations = by_configuration(&runs)?.len();
        ensure!(n_configurations == 1, "`{name}` names {n_configurations} configurations: name one");
        let (predicted, others): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.outcomes.is_some());
        ensure!(!predicted.is_empty(), "`{name}` has no predictions of test: predict the test split with `evaluate`");
        others.iter().for_each(|run| log::warn!("left out: run `{}`, no predictions of test", run.name()));
        Ok(Side { name, runs: predicted })
    }

    /// The first run that is known to be of other shards than those with this manifest.
    pub(super) fn of_other_data(&self, sha256: &str) -> Option<&str> {
        let other = |run: &&Run| run.training.data().is_some_and(|data| data != sha256);
        self.runs.iter().find(other).map(Run::name)
    }

    fn seeds(&self) -> String {
        self.runs.iter().map(|run| run.configuration().seed.to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Answers and seed of each run; a run without answers is none.
    fn answers(&self) -> impl Iterator<Item = (u64, &Outcomes)> {
        self.runs.iter().filter_map(|run| Some((run.configuration().seed, run.outcomes.as_ref()?)))
    }
}

impl<'a> Pairs<'a> {
    pub(super) fn new(a: &'a Side, b: &'a Side) -> Result<Self> {
        let of_b = |seed| b.answers().find(|(other, _)| *other == seed);
        let pairs: Vec<_> = a.answers().filter_map(|(seed, one)| Some((one, of_b(seed)?.1))).collect();
        let (one, two) = (&a.name, &b.name);
        if pairs.is_empty() {
            let (seeds_a, seeds_b) = (a.seeds(), b.seeds());
            bail!(
                "`{one}` (seed {seeds_a}) and `{two}` (seed {seeds_b}) have no seed in common: name runs of one seed, or \
                 configurations"
            );
        }
        let same = pairs.iter().all(|(a, b)| a.pairs_with(b));
        ensure!(same, "`{one}` and `{two}` were tested on different examples: name runs of one test split");
        Ok(Pairs(pairs))
    }

    pub(super) fn seeds(&self) -> &[(&'a Outcomes, &'a Outcomes)] {
        &self.0
    }
}

/// The folder itself if it is one, else every `<name>-s<seed>` beside where it would be, by seed.
fn folders(named: &Path) -> Result<Vec<PathBuf>> {
    if named.is_dir() {
        return Ok(vec![named.to_owned()]);
    }
    let place = named.display();
    let name = named.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let beside = match named.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let none = || format!("no run folder `{place}`, and no `{place}-s1`: name runs, such as `out/sample/runs/3VA`");
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(beside).with_context(none)? {
        let path = entry.with_context(none)?.path();
        found.extend(seed_of(&path, &name).filter(|_| path.is_dir()).map(|seed| (seed, path)));
    }
    ensure!(!found.is_empty(), "{}", none());
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The number in `<configuration>-s<seed>`.
fn seed_of(path: &Path, configuration: &str) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(configuration)?.strip_prefix("-s")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_all_of_its_seeds_in_order_and_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for run in ["3VA-s10", "3VA-s2", "3VA-sx", "33VA-s1", "3VA", "3VA-s1-old"] {
            std::fs::create_dir(folder.path().join(run)).unwrap();
        }
        let found = |name: &str| -> Vec<String> {
            let folders = folders(&folder.path().join(name)).unwrap();
            folders.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(found("3VA"), ["3VA"], "a folder is itself");
        std::fs::remove_dir(folder.path().join("3VA")).unwrap();
        assert_eq!(found("3VA"), ["3VA-s2", "3VA-s10"]);
        assert_eq!(found("3VA-s2"), ["3VA-s2"]);
        let message = folders(&folder.path().join("4VA")).unwrap_err().to_string();
        assert!(message.starts_with("no run folder `") && message.contains("4VA-s1`"), "{message}");
    }
}
