//! Models weighed against each other, example by example and seed by seed.

use super::ladder::Rung;
use crate::significance::{Difference, either_way, mcnemar, one_sided};

/// A weighted sum of correct answers, in accuracy.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    pub(crate) value: Difference,
    pub(crate) n_seeds: usize,
}

/// Right or wrong of each model `[model][seed][example]`, of the seeds that all have; where they share none, of the first
/// of each, the second and so on: seeds are draws, and any pairing of independent draws will do. Nothing where
/// predictions are missing or the models were tested on different examples.
fn common<'a>(rungs: &[&Rung<'a>]) -> Option<Vec<Vec<&'a [bool]>>> {
    let seeds = |rung: &Rung| rung.runs.iter().map(|run| run.configuration().seed).collect::<Vec<u64>>();
    let all: Vec<Vec<u64>> = rungs.iter().map(|rung| seeds(rung)).collect();
    let shared: Vec<u64> =
        all.first()?.iter().copied().filter(|seed| all.iter().all(|seeds| seeds.contains(seed))).collect();
    let fewest = all.iter().map(Vec::len).min()?;
    let first = rungs[0].runs[0].outcomes.as_ref()?;
    let of = |(rung, own): (&&Rung<'a>, &Vec<u64>)| -> Option<Vec<&'a [bool]>> {
        let chosen: &[u64] = if shared.is_empty() { &own[..fewest] } else { &shared };
        let runs = chosen.iter().map(|seed| rung.runs.iter().find(|run| run.configuration().seed == *seed));
        let outcomes = runs.map(|run| run?.outcomes.as_ref().filter(|outcomes| outcomes.pairs_with(first)));
        outcomes.map(|outcomes| outcomes.map(|outcomes| outcomes.correct())).collect()
    };
    rungs.iter().zip(&all).map(of).collect()
}

/// The sum over `terms` of weight times accuracy.
pub(crate) fn contrast(terms: &[(&Rung, f64)]) -> Option<Contrast> {
    let rungs: Vec<&Rung> = terms.iter().map(|(rung, _)| *rung).collect();
    let right = common(&rungs)?;
    let (n_seeds, n_examples) = (right[0].len(), right[0][0].len());
    let value = |seed: usize, example: usize| {
        let weighed = terms.iter().zip(&right).filter(|(_, model)| model[seed][example]);
        weighed.map(|((_, weight), _)| weight).sum()
    };
    Some(Contrast { value: Difference::new(n_seeds, n_examples, value), n_seeds })
}

/// McNemar's p value of two models for each seed that both have.
pub(crate) fn mcnemar_by_seed(one: &Rung, other: &Rung) -> Vec<f64> {
    let Some(right) = common(&[one, other]) else { return Vec::new() };
    right[0].iter().zip(&right[1]).map(|(one, other)| mcnemar(one, other)).collect()
}

/// One p value over the seeds, for a difference in either direction.
pub(crate) fn p_value(one: &Rung, other: &Rung) -> f64 {
    let Some(right) = common(&[one, other]) else { return 1.0 };
    let pairs = || right[0].iter().zip(&right[1]);
    let up: Vec<f64> = pairs().map(|(one, other)| one_sided(one, other)).collect();
    let down: Vec<f64> = pairs().map(|(one, other)| one_sided(other, one)).collect();
    either_way(&up, &down)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparable::by_configuration;
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
        let rungs: Vec<Rung> = by_configuration(&runs).unwrap().into_iter().map(|runs| Rung { runs }).collect();
        let two = contrast(&[(&rungs[1], 1.0), (&rungs[0], -1.0)]).unwrap();
        assert_eq!((two.n_seeds, (two.value.mean * 40.0).round()), (1, 6.0));
        assert_eq!(mcnemar_by_seed(&rungs[0], &rungs[1]).len(), 1);
        let unlike = contrast(&[(&rungs[1], 1.0), (&rungs[2], -1.0)]).unwrap();
        assert_eq!((unlike.n_seeds, (unlike.value.mean * 40.0).round()), (1, 4.0), "seed 2 beside seed 4");
    }

    #[test]
    fn without_predictions_or_on_other_examples_there_is_no_contrast() {
        let (one, two) = (Made::new("1VA", 1), Made::new("2VA", 1));
        let other = two.predictions().replace("test/", "other/");
        for text in [one.metrics() + &two.metrics(), one.metrics() + &one.predictions() + &two.metrics() + &other] {
            let runs = from_text(&text).unwrap();
            let rungs: Vec<Rung> = by_configuration(&runs).unwrap().into_iter().map(|runs| Rung { runs }).collect();
            assert!(contrast(&[(&rungs[0], 1.0), (&rungs[1], -1.0)]).is_none());
        }
    }
}
