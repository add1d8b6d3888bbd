//! The measure by which models are compared, of runs and of their differences.

use statistics::{Answers, Confusion, Contributions, Difference, Interval, Term};
use study::Measure;

use crate::outcomes::Outcomes;

/// Of one run.
pub(crate) fn of(measure: Measure, outcomes: &Outcomes) -> f64 {
    match measure {
        Measure::Accuracy => outcomes.accuracy(),
        Measure::MacroF1 => Confusion::new(&outcomes.answers()).macro_f1(),
        Measure::BalancedAccuracy => Confusion::new(&outcomes.answers()).balanced_accuracy(),
    }
}

/// Of always answering the most frequent class of these examples.
pub(crate) fn of_most_frequent(measure: Measure, outcomes: &Outcomes) -> f64 {
    let mut of_class = vec![0_usize; outcomes.n_classes()];
    (0..outcomes.len()).for_each(|example| of_class[outcomes.examples().label(example)] += 1);
    let share = of_class.iter().max().copied().unwrap_or(0) as f64 / outcomes.len() as f64;
    let occurring = of_class.iter().filter(|n| **n > 0).count() as f64;
    match measure {
        Measure::Accuracy => share,
        Measure::MacroF1 => 2.0 * share / (1.0 + share) / occurring,
        Measure::BalancedAccuracy => 1.0 / occurring,
    }
}

/// What examples contribute to a measure that is no mean over them.
fn contributions(measure: Measure) -> Option<fn(&Answers) -> Contributions> {
    match measure {
        Measure::Accuracy => None,
        Measure::MacroF1 => Some(Contributions::macro_f1),
        Measure::BalancedAccuracy => Some(Contributions::balanced_accuracy),
    }
}

/// The sum of weight times mean measure over models, each with its runs; all runs answer the same examples.
pub(crate) fn difference(measure: Measure, models: &[(f64, Vec<&Outcomes>)]) -> Difference {
    let Some(of) = contributions(measure) else {
        let term = |(weight, runs): &(f64, Vec<_>)| Term { weight: *weight, runs: correct(runs) };
        return Difference::new(&models.iter().map(term).collect::<Vec<Term>>());
    };
    let all: Vec<Vec<Contributions>> =
        models.iter().map(|(_, runs)| runs.iter().map(|run| of(&run.answers())).collect()).collect();
    let terms =
        models.iter().zip(&all).map(|((weight, _), runs)| Term { weight: *weight, runs: runs.iter().collect() });
    Difference::new(&terms.collect::<Vec<Term<Contributions>>>())
}

/// The 95 % interval of the mean measure over runs.
pub(crate) fn interval(measure: Measure, runs: &[&Outcomes]) -> Interval {
    let Some(of) = contributions(measure) else { return statistics::interval(&correct(runs)) };
    let all: Vec<Contributions> = runs.iter().map(|run| of(&run.answers())).collect();
    statistics::interval(&all.iter().collect::<Vec<_>>())
}

fn correct<'a>(runs: &[&'a Outcomes]) -> Vec<&'a [bool]> {
    runs.iter().map(|run| run.correct()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::{Known, made};

    /// scikit-learn: of labels 0, 0, 0, 1 and only zeros as answers, accuracy 3/4, macro F1 3/7, balanced accuracy 1/2.
    #[test]
    fn always_answering_one_class_is_worth_what_scikit_learn_says() {
        let rows = [("a", 0), ("b", 0), ("c", 0), ("d", 1)].map(|(id, label)| (id, [1.0, 0.0], label));
        let outcomes = made(&rows, &Known::default()).unwrap();
        for (measure, expected) in Measure::ALL.into_iter().zip([0.75, 3.0 / 7.0, 0.5]) {
            assert!((of(measure, &outcomes) - expected).abs() < 1e-12, "{measure}");
            assert!((of_most_frequent(measure, &outcomes) - expected).abs() < 1e-12, "{measure}");
            let difference = difference(measure, &[(1.0, vec![&outcomes]), (-1.0, vec![&outcomes])]);
            assert!(difference.mean.abs() < 1e-12 && interval(measure, &[&outcomes]).high > expected, "{measure}");
        }
    }
}
