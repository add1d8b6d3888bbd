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
    /// The margin is fewer than [`LEAST_ANSWERS`] answers to these test examples.
    FewExamples,
}

/// With two seeds the spread of a model has one degree of freedom: hardly a spread.
pub const LEAST_SEEDS: usize = 3;

/// The answers that a depth may lose: the margin times the test examples, or where classes count by themselves, times the
/// classes and the examples of the rarest. From ten on, a depth at the margin with errors of
/// its own only, where an interval is worst, is called enough in at most 4 % of simulated studies; below it takes a study
/// in which next to no answer differs, and the interval itself says little.
pub const LEAST_ANSWERS: f64 = 10.0;

/// Non-inferiority by the 95 % interval: a one-sided test at 2.5 % (Wellek 2010, *Testing Statistical Hypotheses of
/// Equivalence and Noninferiority*, chapter 2). `drop` and `margin` are fractions; `n_seeds` are those of the model
/// that has fewer. A depth that is better than the full model beyond its interval is enough at any margin.
pub fn finding(drop: &Difference, n_seeds: usize, margin: f64) -> Finding {
    let interval = drop.interval(0.95);
    let few = margin > 0.0 && drop.answers(margin) < LEAST_ANSWERS - 1e-9;
    match n_seeds {
        0..LEAST_SEEDS => Finding::FewSeeds,
        _ if interval.low > margin => Finding::TooFew,
        _ if few && interval.high >= 0.0 => Finding::FewExamples,
        _ if interval.high < margin => Finding::Enough,
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
    use super::Finding::{Enough, FewExamples, FewSeeds, TooFew, Unclear};
    use super::*;
    use crate::difference::Term;

    #[test]
    fn the_knee_is_the_last_before_the_first_that_is_not_enough() {
        for (findings, expected) in [
            (&[Enough, Enough, TooFew, TooFew][..], Some(1)),
            (&[Enough, Unclear, Enough], Some(0)),
            (&[Unclear, Enough], None),
            (&[FewSeeds], None),
            (&[FewExamples, Enough], None),
            (&[], None),
        ] {
            assert_eq!(knee(findings), expected, "{findings:?}");
        }
    }

    /// Three seeds that agree: the depth loses so many of `n` answers, or gains them if negative.
    fn of(n: usize, lost: i32, n_seeds: usize, margin: f64) -> Finding {
        let model = |wrong: i32| (0..n).map(|i| i as i32 >= wrong).collect::<Vec<bool>>();
        let (full, depth) = (model(100 - lost.min(0)), model(100 + lost.max(0)));
        let terms = [(1.0, &full), (-1.0, &depth)].map(|(weight, run)| Term { weight, runs: vec![&run[..]; n_seeds] });
        finding(&Difference::new(&terms), n_seeds, margin)
    }

    #[test]
    fn a_finding_is_where_the_interval_lies() {
        let of = |lost, n_seeds| of(4_000, lost, n_seeds, 0.005);
        assert_eq!([of(0, 3), of(20, 3), of(60, 3), of(-60, 3)], [Enough, Unclear, TooFew, Enough]);
        assert_eq!([of(0, 1), of(0, 2)], [FewSeeds, FewSeeds]);
    }

    #[test]
    fn a_margin_of_few_answers_is_not_decided_by_answers_that_agree() {
        assert_eq!([of(10, 0, 3, 0.005), of(200, 0, 3, 0.005), of(1_999, 0, 3, 0.005)], [FewExamples; 3]);
        assert_eq!([of(2_000, 0, 3, 0.005), of(200, 0, 3, 0.05), of(200, 60, 3, 0.005)], [Enough, Enough, TooFew]);
        assert_eq!([of(500, -60, 3, 0.005), of(200, 0, 3, 0.0)], [Enough, Unclear]);
    }
}
