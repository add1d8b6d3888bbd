//! Weighted sums of models over all their seeds, and McNemar's test of their runs.

use super::candidates::Candidate;
use crate::measure::difference;
use crate::outcomes::Outcomes;
use statistics::{Difference, either_way, mcnemar, one_sided};
use study::Measure;

/// A weighted sum of measures.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    pub(crate) value: Difference,
    /// Seeds of the model that has the fewest; all seeds of all models are used.
    pub(crate) n_seeds: usize,
}

/// The answers of all runs `[model][seed]`; `None` if predictions are missing or runs were tested on different examples.
fn outcomes<'a>(candidates: &[&Candidate<'a>]) -> Option<Vec<Vec<&'a Outcomes>>> {
    let first = candidates.first()?.runs[0].outcomes.as_ref()?;
    let of = |candidate: &&Candidate<'a>| {
        let outcomes = candidate.runs.iter().map(|run| run.outcomes.as_ref());
        outcomes.map(|outcomes| outcomes.filter(|outcomes| outcomes.pairs_with(first))).collect()
    };
    candidates.iter().map(of).collect()
}

/// The sum over `terms` of weight times measure; the weights of a model that is named twice are added.
pub(crate) fn contrast(measure: Measure, terms: &[(&Candidate, f64)]) -> Option<Contrast> {
    let mut models: Vec<(&Candidate, f64)> = Vec::new();
    for &(candidate, weight) in terms {
        match models.iter_mut().find(|(known, _)| std::ptr::eq(*known, candidate)) {
            Some((_, known)) => *known += weight,
            None => models.push((candidate, weight)),
        }
    }
    let candidates: Vec<&Candidate> = models.iter().map(|(candidate, _)| *candidate).collect();
    let models: Vec<_> = models.iter().map(|(_, weight)| *weight).zip(outcomes(&candidates)?).collect();
    let n_seeds = models.iter().map(|(_, runs)| runs.len()).min()?;
    Some(Contrast { value: difference(measure, &models), n_seeds })
}

/// McNemar's p value of two models for each seed number that both have.
pub(crate) fn mcnemar_by_seed(one: &Candidate, other: &Candidate) -> Vec<f64> {
    let of = |candidate: &Candidate, seed| candidate.runs.iter().position(|run| run.configuration().seed == seed);
    let seeds = one.runs.iter().enumerate().map(|(place, run)| (place, run.configuration().seed));
    let shared = seeds.filter_map(|(place, seed)| Some((place, of(other, seed)?)));
    let Some(runs) = outcomes(&[one, other]) else { return Vec::new() };
    shared.map(|(a, b)| mcnemar(runs[0][a].correct(), runs[1][b].correct())).collect()
}

/// One p value over all pairs of a run of the one and a run of the other, for a difference in either direction.
pub(crate) fn p_value(one: &Candidate, other: &Candidate) -> f64 {
    let Some(runs) = outcomes(&[one, other]) else { return 1.0 };
    let pairs = || runs[0].iter().flat_map(|a| runs[1].iter().map(|b| (a.correct(), b.correct())));
    let up: Vec<f64> = pairs().map(|(one, other)| one_sided(one, other)).collect();
    let down: Vec<f64> = pairs().map(|(one, other)| one_sided(other, one)).collect();
    either_way(&up, &down)
}

/// Whether no run of either gives any example another class.
pub(crate) fn is_same(one: &Candidate, other: &Candidate) -> bool {
    let Some(runs) = outcomes(&[one, other]) else { return false };
    let first = runs[0][0];
    let same = |run: &&Outcomes| (0..first.len()).all(|example| run.predicted(example) == first.predicted(example));
    runs.iter().flatten().all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::by_configuration;
    use crate::fixture::Made;
    use crate::sources::from_text;

    #[test]
    fn all_seeds_are_weighed_whatever_their_numbers() {
        let made = |seeds: [u64; 3]| {
            let right =
                [30, 36, 33].into_iter().zip(seeds).map(|(right, seed)| Made::new("1VA", seed).test(&[0, right, 0]));
            let text: String = right.map(|made| made.metrics() + &made.predictions()).collect();
            let full = [1, 2].map(|seed| Made::new("2VA", seed).test(&[0, 36, 0]));
            text + &full.map(|made| made.metrics() + &made.predictions()).concat()
        };
        for (seeds, shared) in [([1, 2, 3], 2), ([2, 3, 1], 2), ([7, 8, 9], 0), ([2, 4, 5], 1)] {
            let runs = from_text(&made(seeds)).unwrap();
            let candidates: Vec<Candidate> =
                by_configuration(&runs).unwrap().into_iter().map(|runs| Candidate { runs }).collect();
            let two = contrast(Measure::Accuracy, &[(&candidates[1], 1.0), (&candidates[0], -1.0)]).unwrap();
            assert_eq!((two.n_seeds, (two.value.mean * 40.0).round()), (2, 3.0), "{seeds:?}");
            assert_eq!(mcnemar_by_seed(&candidates[0], &candidates[1]).len(), shared, "{seeds:?}");
            let twice =
                contrast(Measure::Accuracy, &[(&candidates[1], 2.0), (&candidates[1], -1.0), (&candidates[0], -1.0)])
                    .unwrap();
            assert_eq!(twice.value, two.value);
        }
    }

    #[test]
    fn without_predictions_or_on_other_examples_there_is_no_contrast() {
        let (one, two) = (Made::new("1VA", 1), Made::new("2VA", 1));
        let other = two.predictions().replace("test/", "other/");
        for text in [one.metrics() + &two.metrics(), one.metrics() + &one.predictions() + &two.metrics() + &other] {
            let runs = from_text(&text).unwrap();
            let candidates: Vec<Candidate> =
                by_configuration(&runs).unwrap().into_iter().map(|runs| Candidate { runs }).collect();
            assert!(contrast(Measure::Accuracy, &[(&candidates[0], 1.0), (&candidates[1], -1.0)]).is_none());
            assert!(!is_same(&candidates[0], &candidates[1]));
        }
    }
}
