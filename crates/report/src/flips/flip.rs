//! One example on which two models differ.

use serde::Serialize;

use super::pairs::Pairs;
use crate::outcomes::Outcomes;
use crate::quality::slices;

/// A line of output.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename = "flip")]
pub(super) struct Flip<'a> {
    pub(super) id: &'a str,
    pub(super) label: usize,
    pub(super) direction: Direction,
    pub(super) seeds_a_right: usize,
    pub(super) seeds_b_right: usize,
    /// Those that both have.
    pub(super) seeds: usize,
    /// Logit of the true class minus the largest other, mean over the seeds: below 0 is wrong.
    pub(super) margin_a: f64,
    pub(super) margin_b: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tokens: Option<usize>,
    /// The number at the end of the id, where all ids have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rating: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
}

/// Who is right where the other is wrong, in any seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) enum Direction {
    #[serde(rename = "a")]
    A,
    #[serde(rename = "b")]
    B,
    #[serde(rename = "both ways")]
    BothWays,
}

/// Every example on which both differ in some seed, in the order of the examples.
pub(super) fn all<'a>(pairs: &Pairs<'a>) -> Vec<Flip<'a>> {
    let Some(&(one, _)) = pairs.seeds().first() else { return Vec::new() };
    let ratings = slices::ratings(one.examples(), one.len());
    let flip = |example| {
        let direction = direction(pairs, example)?;
        let rating = ratings.as_ref().map(|ratings| ratings[example]);
        Some(Flip { rating, ..unrated(pairs, one, example, direction) })
    };
    (0..one.len()).filter_map(flip).collect()
}

fn unrated<'a>(pairs: &Pairs<'a>, one: &'a Outcomes, example: usize, direction: Direction) -> Flip<'a> {
    let (seeds, examples) = (pairs.seeds(), one.examples());
    let right = |of: fn(&(&'a Outcomes, &'a Outcomes)) -> &'a Outcomes| {
        seeds.iter().filter(|pair| of(pair).correct()[example]).count()
    };
    let margin = |of: fn(&(&'a Outcomes, &'a Outcomes)) -> &'a Outcomes| {
        seeds.iter().map(|pair| margin(of(pair), example)).sum::<f64>() / seeds.len() as f64
    };
    Flip {
        id: examples.id(example),
        label: examples.label(example),
        direction,
        seeds_a_right: right(|pair| pair.0),
        seeds_b_right: right(|pair| pair.1),
        seeds: seeds.len(),
        margin_a: margin(|pair| pair.0),
        margin_b: margin(|pair| pair.1),
        tokens: seeds.iter().flat_map(|pair| [pair.0, pair.1]).find_map(|of| of.examples().tokens(example)),
        rating: None,
        text: None,
    }
}

/// Nothing where both are right or both wrong in every seed.
fn direction(pairs: &Pairs, example: usize) -> Option<Direction> {
    let right = pairs.seeds().iter().map(|(a, b)| (a.correct()[example], b.correct()[example]));
    match right.fold((false, false), |(only_a, only_b), (a, b)| (only_a | (a & !b), only_b | (b & !a))) {
        (false, false) => None,
        (true, false) => Some(Direction::A),
        (false, true) => Some(Direction::B),
        (true, true) => Some(Direction::BothWays),
    }
}

fn margin(outcomes: &Outcomes, example: usize) -> f64 {
    let (logits, label) = (outcomes.logits(example), outcomes.examples().label(example));
    let others = logits.iter().enumerate().filter(|(class, _)| *class != label).map(|(_, logit)| *logit);
    f64::from(logits[label]) - f64::from(others.fold(f32::NEG_INFINITY, f32::max))
}

/// By how many more seeds of one model are right, then by the difference of the margins, then by id.
pub(super) fn sort(flips: &mut [Flip]) {
    let by_margin = |flip: &Flip| (flip.margin_a - flip.margin_b).abs();
    flips.sort_by(|one, two| {
        let by_seeds = |flip: &Flip| flip.seeds_a_right.abs_diff(flip.seeds_b_right);
        by_seeds(two).cmp(&by_seeds(one)).then(by_margin(two).total_cmp(&by_margin(one)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::{Answer, Gathered, Known};

    #[test]
    fn seeds_come_before_margins_and_margins_before_ids() {
        let flip = |id: &'static str, seeds_a_right, margin_a| Flip {
            id,
            label: 0,
            direction: Direction::A,
            seeds_a_right,
            seeds_b_right: 1,
            seeds: 3,
            margin_a,
            margin_b: -1.0,
            tokens: None,
            rating: None,
            text: None,
        };
        let mut flips = [flip("a", 2, 1.0), flip("b", 2, 1.0), flip("c", 2, -9.0), flip("d", 3, 0.5)];
        sort(&mut flips);
        assert_eq!(flips.map(|flip| flip.id), ["d", "c", "a", "b"]);
    }

    #[test]
    fn a_margin_is_over_the_largest_other_class() {
        let mut gathered = Gathered::default();
        for (id, label) in [("a", 1), ("b", 2)] {
            let answer = Answer { id, label, predicted: 1, logits: &[2.0, 5.0, -1.0], tokens: None };
            gathered.push(&answer).unwrap();
        }
        let outcomes = gathered.finish(&Known::default()).unwrap();
        assert_eq!([margin(&outcomes, 0), margin(&outcomes, 1)], [3.0, -6.0]);
    }
}
