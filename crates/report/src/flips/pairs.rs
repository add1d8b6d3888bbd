//! Two models as they are named at a shell, seed by seed.

use std::path::Path;

use anyhow::{Result, bail, ensure};

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
        let runs = sources::read(&[named.to_owned()])?.runs;
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
