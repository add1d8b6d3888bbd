//! Weighted sums of models, example by example and seed by seed.

use super::candidates::Candidate;
use statistics::{Difference, either_way, mcnemar, one_sided};

/// A weighted sum of correct answers, in accuracy.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    pub(crate) value: Difference,
    pub(crate) n_seeds: usize,
}

/// Right or wrong of each model `[model][seed][example]`, for the seeds that all have. If they share none, their first seeds
/// are paired, then their second and so on: seeds are independent draws, so any pairing is valid. `None` if predictions
/// are missing or the models were tested on different examples.
fn common<'a>(candidates: &[&Candidate<'a>]) -> Option<Vec<Vec<&'a [bool]>>> {
    let seeds = |candidate: &Candidate| candidate.runs.iter().map(|run| run.configuration().seed).collect::<Vec<u64>>();
    let all: Vec<Vec<u64>> = candidates.iter().map(|candidate| seeds(candidate)).collect();
    let shared: Vec<u64> =
        all.first()?.iter().copied().filter(|seed| all.iter().all(|seeds| seeds.contains(seed))).collect();
    let fewest = all.iter().map(Vec::len).min()?;
    let first = candidates[0].runs[0].outcomes.as_ref()?;
    let of = |(candidate, own): (&&Candidate<'a>, &Vec<u64>)| -> Option<Vec<&'a [bool]>> {
        let chosen: &[u64] = if shared.is_empty() { &own[..fewest] } else { &shared };
        let runs = chosen.iter().map(|seed| candidate.runs.iter().find(|run| run.configuration().seed == *seed));
        let outcomes = runs.map(|run| run?.outcomes.as_ref().filter(|outcomes| outcomes.pairs_with(first)));
        outcomes.map(|outcomes| outcomes.map(|outcomes| outcomes.correct())).collect()
    };
    candidates.iter().zip(&all).map(of).collect()
}

/// The sum over `terms` of weight times accuracy.
pub(crate) fn contrast(terms: &[(&Candidate, f64)]) -> Option<Contrast> {
    let candidates: Vec<&Candidate> = terms.iter().map(|(candidate, _)| *candidate).collect();
    let right = common(&candidates)?;
    let (n_seeds, n_examples) = (right[0].len(), right[0][0].len());
    let value = |seed: usize, example: usize| {
        let weighed = terms.iter().zip(&right).filter(|(_, model)| model[seed][example]);
        weighed.map(|((_, weight), _)| weight).sum()
    };
    Some(Contrast { value: Difference::new(n_seeds, n_examples, value), n_seeds })
}

/// McNemar's p value of two models for each seed that both have.
pub(crate) fn mcnemar_by_seed(one: &Candidate, other: &Candidate) -> Vec<f64> {
    let Some(right) = common(&[one, other]) else { return Vec::new() };
    right[0].iter().zip(&right[1]).map(|(one, other)| mcnemar(one, other)).collect()
}

/// One p value over the seeds, for a difference in either direction.
pub(crate) fn p_value(one: &Candidate, other: &Candidate) -> f64 {
    let Some(right) = common(&[one, other]) else { return 1.0 };
    let pairs = || right[0].iter().zip(&right[1]);
    let up: Vec<f64> = pairs().map(|(one, other)| one_sided(one, other)).collect();
    let down: Vec<f64> = pairs().map(|(one, other)| one_sided(other, one)).collect();
    either_way(&up, &down)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::by_configuration;
    use crate::fixture::Made;
    use crate::sources::from_text;

    #[test]
    fn only_seeds_that_all_have_are_weighed() {
        let made = [
            Made::new("1VA", 1).test(&[0, 20, 0]),
            Made::new("1VA", 2).test(&[0, 30, 0]),
            Made::new("2VA", 2).test(&[0, 36, 0]),
            Made::new("2VA", 3).test(&[0, 40, 0]),
            Made::new("3VA", 4),
        ];
        let text: String = made.iter().map(|made| made.metrics() + &made.predictions()).collect();
        let runs = from_text(&text).unwrap();
        let candidates: Vec<Candidate> =
            by_configuration(&runs).unwrap().into_iter().map(|runs| Candidate { runs }).collect();
        let two = contrast(&[(&candidates[1], 1.0), (&candidates[0], -1.0)]).unwrap();
        assert_eq!((two.n_seeds, (two.value.mean * 40.0).round()), (1, 6.0));
        assert_eq!(mcnemar_by_seed(&candidates[0], &candidates[1]).len(), 1);
        let unlike = contrast(&[(&candidates[1], 1.0), (&candidates[2], -1.0)]).unwrap();
        assert_eq!((unlike.n_seeds, (unlike.value.mean * 40.0).round()), (1, 4.0), "seed 2 beside seed 4");
    }

    #[test]
    fn without_predictions_or_on_other_examples_there_is_no_contrast() {
        let (one, two) = (Made::new("1VA", 1), Made::new("2VA", 1));
        let other = two.predictions().replace("test/", "other/");
        for text in [one.metrics() + &two.metrics(), one.metrics() + &one.predictions() + &two.metrics() + &other] {
            let runs = from_text(&text).unwrap();
            let candidates: Vec<Candidate> =
                by_configuration(&runs).unwrap().into_iter().map(|runs| Candidate { runs }).collect();
            assert!(contrast(&[(&candidates[0], 1.0), (&candidates[1], -1.0)]).is_none());
        }
    }
}
