//! The models that are compared: one configuration for each depth, under one head or under the best of each.

use anyhow::{Result, bail};
use records::Split;

use crate::runs::Run;

/// Which configuration stands for a depth where there are several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heads {
    /// The one with the head of the deepest model.
    Deepest,
    /// The one with the best validation accuracy, whatever its head.
    Best,
    /// The one with this head.
    Named(String),
}

/// One configuration and its runs, seed by seed.
#[derive(Debug, Clone)]
pub(crate) struct Rung<'a> {
    pub(crate) runs: Vec<&'a Run>,
}

impl std::str::FromStr for Heads {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "deepest" => Heads::Deepest,
            "best" => Heads::Best,
            name => Heads::Named(name.to_owned()),
        })
    }
}

impl Rung<'_> {
    pub(crate) fn configuration(&self) -> &str {
        &self.runs[0].configuration().configuration
    }

    pub(crate) fn head(&self) -> &str {
        &self.runs[0].configuration().head.kind
    }

    pub(crate) fn n_blocks(&self) -> usize {
        self.runs[0].training.begin.blocks.len()
    }

    /// Mean over the seeds, at the chosen epochs; unless a seed has no validation split.
    fn validation(&self) -> Option<f64> {
        let of_seeds: Option<Vec<f64>> =
            self.runs.iter().map(|run| Some(run.chosen(Split::Validation)?.accuracy)).collect();
        of_seeds.map(|of_seeds| of_seeds.iter().sum::<f64>() / of_seeds.len() as f64)
    }
}

/// From shallow to deep. Blocks are of the deepest model's encoder; without a block any encoder and any head will do.
///
/// # Errors
/// No configuration has the head that was named.
pub(crate) fn ladder<'a>(configurations: &[Vec<&'a Run>], heads: &Heads) -> Result<Vec<Rung<'a>>> {
    let mut rungs: Vec<Rung> = configurations.iter().map(|runs| Rung { runs: by_seed(runs) }).collect();
    rungs.sort_by_key(Rung::n_blocks);
    let depths = |rungs: &[Rung<'a>]| rungs.chunk_by(|a, b| a.n_blocks() == b.n_blocks()).map(best).collect::<Vec<_>>();
    if let Heads::Named(name) = heads {
        known(name, &rungs)?;
        rungs.retain(|rung| rung.head() == name || rung.n_blocks() == 0);
    }
    let Some(deepest) = depths(&rungs).pop() else { return Ok(Vec::new()) };
    let (head, encoder) = (deepest.head().to_owned(), &deepest.runs[0].configuration().encoder);
    rungs.retain(|rung| {
        let same_head = *heads == Heads::Best || rung.head() == head;
        rung.n_blocks() == 0 || (same_head && rung.runs[0].configuration().encoder == *encoder)
    });
    Ok(depths(&rungs))
}

fn by_seed<'a>(runs: &[&'a Run]) -> Vec<&'a Run> {
    let mut runs = runs.to_vec();
    runs.sort_by_key(|run| run.configuration().seed);
    runs
}

/// Of several configurations of a depth the best on validation, the first of equals; test has no say in it. Where one
/// has no validation split it is the first.
fn best<'a>(candidates: &[Rung<'a>]) -> Rung<'a> {
    let scores: Option<Vec<f64>> = candidates.iter().map(Rung::validation).collect();
    let mut best = 0;
    for (place, score) in scores.iter().flatten().enumerate() {
        if scores.as_ref().is_some_and(|scores| *score > scores[best]) {
            best = place;
        }
    }
    candidates[best].clone()
}

fn known(name: &str, rungs: &[Rung]) -> Result<()> {
    let mut heads: Vec<&str> = rungs.iter().filter(|rung| rung.n_blocks() > 0).map(Rung::head).collect();
    heads.sort_unstable();
    heads.dedup();
    if !heads.contains(&name) {
        bail!("no run has the head `{name}`; there are: best, deepest, {}", heads.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparable::by_configuration;
    use crate::fixture::Made;
    use crate::sources::from_text;

    fn ids(made: &[Made], heads: &str) -> Result<Vec<String>> {
        let runs = from_text(&made.iter().map(Made::metrics).collect::<String>()).unwrap();
        let configurations = by_configuration(&runs).unwrap();
        let rungs = ladder(&configurations, &heads.parse().unwrap())?;
        Ok(rungs.iter().map(|rung| rung.configuration().to_owned()).collect())
    }

    fn study() -> Vec<Made> {
        vec![
            Made::new("0BE", 1).head("bilstm").validation(&[9, 9, 9]),
            Made::new("0T", 1).head("tf-idf").validation(&[20, 20, 20]),
            Made::new("2LV", 1).head("bilstm").validation(&[35, 35, 35]).test(&[1, 1, 1]),
            Made::new("2VA", 1).validation(&[30, 30, 30]).test(&[40, 40, 40]),
            Made::new("1VA", 1),
            Made::new("4VA", 1),
        ]
    }

    #[test]
    fn the_head_is_the_deepest_models_or_the_best_on_validation_or_the_one_that_is_named() {
        assert_eq!(ids(&study(), "deepest").unwrap(), ["0T", "1VA", "2VA", "4VA"]);
        assert_eq!(ids(&study(), "best").unwrap(), ["0T", "1VA", "2LV", "4VA"]);
        assert_eq!(ids(&study(), "bilstm").unwrap(), ["0T", "2LV"]);
        let message = ids(&study(), "bilstn").unwrap_err().to_string();
        assert_eq!(message, "no run has the head `bilstn`; there are: best, deepest, bilstm, cls-linear");
    }

    #[test]
    fn without_validation_the_first_of_a_depth_stands_for_it() {
        let made = [Made::new("2A", 1).no_validation().test(&[1, 1, 1]), Made::new("2B", 1)];
        assert_eq!(ids(&made, "best").unwrap(), ["2A"]);
    }
}
