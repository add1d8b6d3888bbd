//! From differences to the knee: which depths are enough, at which risk of saying so wrongly.

use serde::Serialize;

use crate::difference::Difference;

/// What the data say of a depth against the full model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The whole interval of the drop lies below the margin.
    Enough,
    /// The whole interval lies above it.
    TooFew,
    /// The margin lies inside the interval.
    Unclear,
    /// One or two seeds do not tell how much seeds differ.
    FewSeeds,
}

/// With two seeds, one degree of freedom, the interval holds the truth in 89 to 97 % of simulated studies, and "enough" is
/// said wrongly in up to 5.5 %: too often.
pub const LEAST_SEEDS: usize = 3;

/// Non-inferiority by the 95 % interval: a one-sided test at 2.5 % (Wellek 2010, *Testing Statistical Hypotheses of
/// Equivalence and Noninferiority*, chapter 2). `drop` and `margin` are fractions of accuracy.
pub fn finding(drop: &Difference, n_seeds: usize, margin: f64) -> Finding {
    let interval = drop.interval(0.95);
    match n_seeds {
        0..LEAST_SEEDS => Finding::FewSeeds,
        _ if interval.high < margin => Finding::Enough,
        _ if interval.low > margin => Finding::TooFew,
        _ => Finding::Unclear,
    }
}

/// The place of the knee among `findings`, which stand from the deepest but one downwards: the last before the first that is not
/// enough. Tested in this fixed order (Maurer, Hothorn and Lehmacher 1995), every test keeps its level, nominally 2.5 %, and so does the
/// whole: the first depth that truly loses too much must be passed before any below it can be called enough.
pub fn knee(findings: &[Finding]) -> Option<usize> {
    findings.iter().take_while(|finding| **finding == Finding::Enough).count().checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::Finding::{Enough, FewSeeds, TooFew, Unclear};
    use super::*;
    use crate::simulation::{Kind, STUDIES, accuracy_drop};
    use rayon::prelude::*;

    #[test]
    fn the_knee_is_the_last_before_the_first_that_is_not_enough() {
        for (findings, expected) in [
            (&[Enough, Enough, TooFew, TooFew][..], Some(1)),
            (&[Enough, Unclear, Enough], Some(0)),
            (&[Unclear, Enough], None),
            (&[FewSeeds], None),
            (&[], None),
        ] {
            assert_eq!(knee(findings), expected, "{findings:?}");
        }
    }

    #[test]
    fn a_finding_is_where_the_interval_lies() {
        let around = |mean: f64| Difference::new(3, 2000, move |_, i| mean + if i % 2 == 0 { 0.04 } else { -0.04 });
        let half = around(0.0).interval(0.95).high;
        assert!((0.0010..0.0025).contains(&half), "{half}");
        let of = |mean: f64, n_seeds| finding(&around(mean), n_seeds, 0.005);
        assert_eq!([of(0.0, 3), of(0.005, 3), of(0.01, 3), of(-0.1, 3)], [Enough, Unclear, TooFew, Enough]);
        assert_eq!([of(0.0, 1), of(0.0, 2)], [FewSeeds, FewSeeds]);
    }

    /// Of `accuracies` from deep to shallow the first is the full model; how often a depth is called enough that loses the margin or more?
    fn wrong(kind: Kind, accuracies: &[f64], margin: f64) -> f64 {
        let is_wrong = |study: &u64| {
            let models = kind.draw(*study, accuracies);
            let findings: Vec<Finding> = models[1..]
                .iter()
                .map(|model| finding(&accuracy_drop(&models[0], model), kind.n_seeds, margin))
                .collect();
            knee(&findings).is_some_and(|knee| accuracies[0] - accuracies[knee + 1] >= margin - 1e-12)
        };
        (0..STUDIES).into_par_iter().filter(is_wrong).count() as f64 / STUDIES as f64
    }

    #[test]
    fn enough_is_said_wrongly_in_at_most_one_of_twenty_studies_at_the_margin() {
        let margin = 0.02;
        for (n_seeds, of_seeds) in [(3, 0.0), (3, 0.05), (3, 0.2), (3, 0.3), (3, 0.5), (5, 0.3)] {
            let kind = Kind { n_seeds, n_examples: 1_000, of_seeds };
            for accuracies in [&[0.90, 0.88][..], &[0.90, 0.88, 0.88, 0.88, 0.88], &[0.90, 0.90, 0.90, 0.88, 0.88]] {
                let wrong = wrong(kind, accuracies, margin);
                println!(
                    "{n_seeds} seeds, spread {of_seeds}, {} depths: {:.1} % wrong",
                    accuracies.len(),
                    100.0 * wrong
                );
                assert!(wrong <= 0.05, "{n_seeds} seeds, spread {of_seeds}, {accuracies:?}: {wrong}");
            }
        }
    }
}
