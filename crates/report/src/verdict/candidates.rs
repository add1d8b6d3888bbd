//! The models that are compared: one configuration for each depth, under one head or under the best of each.

use anyhow::{Result, bail};
use records::Split;
use statistics::mean;
use study::Measure;

use crate::measure;
use crate::runs::Run;

/// Which configuration represents a depth that has several.
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
pub(crate) struct Candidate<'a> {
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

impl Candidate<'_> {
    pub(crate) fn configuration(&self) -> &str {
        &self.runs[0].configuration().configuration
    }

    pub(crate) fn head(&self) -> &str {
        &self.runs[0].configuration().head.kind
    }

    pub(crate) fn n_blocks(&self) -> usize {
        self.runs[0].training.begin.blocks.len()
    }

    /// Mean over the seeds, at the chosen epochs; unless a seed has no validation split. All but accuracy need predictions.
    fn validation(&self, measure: Measure) -> Option<f64> {
        let of_run = |run: &&Run| match measure {
            Measure::Accuracy => Some(run.chosen(Split::Validation)?.accuracy),
            _ => Some(measure::of(measure, run.validation.as_ref()?)),
        };
        self.runs.iter().map(of_run).collect::<Option<Vec<f64>>>().map(mean)
    }
}

/// One candidate for each depth, from shallow to deep: of the deepest model's encoder, or without any block, where encoder
/// and head may differ.
///
/// # Errors
/// No configuration has the head that was named.
pub(crate) fn candidates_by_depth<'a>(
    configurations: &[Vec<&'a Run>],
    heads: &Heads,
    measure: Measure,
) -> Result<Vec<Candidate<'a>>> {
    let mut candidates: Vec<Candidate> = configurations.iter().map(|runs| Candidate { runs: by_seed(runs) }).collect();
    candidates.sort_by_key(Candidate::n_blocks);
    let depths = |candidates: &[Candidate<'a>]| {
        let depths = candidates.chunk_by(|a, b| a.n_blocks() == b.n_blocks());
        depths.map(|depth| best(depth, measure)).collect::<Vec<_>>()
    };
    if let Heads::Named(name) = heads {
        known(name, &candidates)?;
        candidates.retain(|candidate| candidate.head() == name || candidate.n_blocks() == 0);
    }
    let Some(deepest) = depths(&candidates).pop() else { return Ok(Vec::new()) };
    let (head, encoder) = (deepest.head().to_owned(), &deepest.runs[0].configuration().encoder);
    candidates.retain(|candidate| {
        let same_head = *heads == Heads::Best || candidate.head() == head;
        candidate.n_blocks() == 0 || (same_head && candidate.runs[0].configuration().encoder == *encoder)
    });
    Ok(depths(&candidates))
}

fn by_seed<'a>(runs: &[&'a Run]) -> Vec<&'a Run> {
    let mut runs = runs.to_vec();
    runs.sort_by_key(|run| run.configuration().seed);
    runs
}

/// The configuration that is best on validation, the first of equals; test plays no part. If one has no validation split, it
/// is the first.
fn best<'a>(candidates: &[Candidate<'a>], measure: Measure) -> Candidate<'a> {
    let scores: Option<Vec<f64>> = candidates.iter().map(|candidate| candidate.validation(measure)).collect();
    let mut best = 0;
    for (place, score) in scores.iter().flatten().enumerate() {
        if scores.as_ref().is_some_and(|scores| *score > scores[best]) {
            best = place;
        }
    }
    candidates[best].clone()
}

fn known(name: &str, candidates: &[Candidate]) -> Result<()> {
    let mut heads: Vec<&str> =
        candidates.iter().filter(|candidate| candidate.n_blocks() > 0).map(Candidate::head).collect();
    heads.sort_unstable();
    heads.dedup();
    if !heads.contains(&name) {
        bail!("no run has the head `{name}`: choose best, deepest or one of {}", heads.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::by_configuration;
    use crate::fixture::Made;
    use crate::sources::from_text;

    fn ids(made: &[Made], heads: &str) -> Result<Vec<String>> {
        let runs = from_text(&made.iter().map(Made::metrics).collect::<String>()).unwrap();
        let configurations = by_configuration(&runs).unwrap();
        let candidates = candidates_by_depth(&configurations, &heads.parse().unwrap(), Measure::Accuracy)?;
        Ok(candidates.iter().map(|candidate| candidate.configuration().to_owned()).collect())
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
    fn heads_are_the_deepest_models_the_best_on_validation_or_named() {
        assert_eq!(ids(&study(), "deepest").unwrap(), ["0T", "1VA", "2VA", "4VA"]);
        assert_eq!(ids(&study(), "best").unwrap(), ["0T", "1VA", "2LV", "4VA"]);
        assert_eq!(ids(&study(), "bilstm").unwrap(), ["0T", "2LV"]);
        let message = ids(&study(), "bilstn").unwrap_err().to_string();
        assert_eq!(message, "no run has the head `bilstn`: choose best, deepest or one of bilstm, cls-linear");
    }

    #[test]
    fn without_validation_the_first_configuration_represents_a_depth() {
        let made = [Made::new("2A", 1).no_validation().test(&[1, 1, 1]), Made::new("2B", 1)];
        assert_eq!(ids(&made, "best").unwrap(), ["2A"]);
    }
}
