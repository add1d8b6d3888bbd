//! Parts of the test split: short and long texts, bad and good ratings.

use std::collections::BTreeMap;

use statistics::{Probabilities, mean};

use super::Slice;
use crate::format::counted;
use crate::outcomes::{Examples, Outcomes};

/// With more different numbers, the ids are counted and not rated.
const MOST_RATINGS: usize = 20;

/// A part: its name, and which examples are in it.
#[derive(Debug, PartialEq)]
struct Part {
    name: String,
    examples: Vec<usize>,
}

/// By the number of tokens read, in about four parts of about one size; none if it is not recorded or all are equal.
pub(super) fn by_length(seeds: &[&Outcomes], probabilities: &[&Probabilities]) -> Vec<Slice> {
    let tokens = |outcomes: &Outcomes| {
        (0..outcomes.len()).map(|example| outcomes.examples().tokens(example)).collect::<Option<Vec<_>>>()
    };
    let tokens = seeds.iter().find_map(|outcomes| tokens(outcomes)).unwrap_or_default();
    slices(&lengths(&tokens), seeds, probabilities)
}

/// By the number at the end of the ids, as IMDB's `test/pos/123_9`.
pub(super) fn by_rating(seeds: &[&Outcomes], probabilities: &[&Probabilities]) -> Vec<Slice> {
    let ratings = seeds.first().and_then(|outcomes| ratings(outcomes.examples(), outcomes.len())).unwrap_or_default();
    let mut by_rating: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    ratings.iter().enumerate().for_each(|(example, &rating)| by_rating.entry(rating).or_default().push(example));
    let part = |(rating, examples)| Part { name: format!("rating {rating}"), examples };
    slices(&by_rating.into_iter().map(part).collect::<Vec<_>>(), seeds, probabilities)
}

/// The rating of each of `n` examples, where every id ends in one; of 2 to 20 different ones.
pub(crate) fn ratings(examples: &Examples, n: usize) -> Option<Vec<u32>> {
    let ratings: Vec<u32> = (0..n).map(|example| rating(examples.id(example))).collect::<Option<_>>()?;
    let mut different: Vec<u32> = Vec::with_capacity(MOST_RATINGS + 1);
    for rating in &ratings {
        if different.len() <= MOST_RATINGS && !different.contains(rating) {
            different.push(*rating);
        }
    }
    (2..=MOST_RATINGS).contains(&different.len()).then_some(ratings)
}

fn rating(id: &str) -> Option<u32> {
    let (_, digits) = id.rsplit_once('_')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Means over the seeds of each part.
fn slices(parts: &[Part], seeds: &[&Outcomes], probabilities: &[&Probabilities]) -> Vec<Slice> {
    let slice = |Part { name, examples }: &Part| {
        let n = examples.len() as f64;
        let right = |outcomes: &&Outcomes| examples.iter().filter(|&&example| outcomes.correct()[example]).count();
        let confidence = |(outcomes, probabilities): (&&Outcomes, &&Probabilities)| {
            examples.iter().map(|&example| probabilities.of(example, outcomes.predicted(example))).sum::<f64>() / n
        };
        Slice {
            name: name.clone(),
            examples: examples.len(),
            accuracy: mean(seeds.iter().map(|outcomes| right(outcomes) as f64 / n)),
            confidence: mean(seeds.iter().zip(probabilities).map(confidence)),
        }
    };
    parts.iter().map(slice).collect()
}

/// Quarters by length; where texts were cut, which shows in more of the greatest length than of any other and at least
/// an eighth of all, those are a part of their own and the others thirds. Equal lengths stay together.
fn lengths(tokens: &[usize]) -> Vec<Part> {
    let mut sorted = tokens.to_vec();
    sorted.sort_unstable();
    let (Some(&shortest), Some(&longest)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let runs = || sorted.chunk_by(|a, b| a == b).map(<[usize]>::len);
    let n_longest = runs().next_back().unwrap_or(0);
    let cut = 8 * n_longest >= sorted.len() && runs().rev().skip(1).all(|other| other < n_longest);
    if shortest == longest {
        return Vec::new();
    }
    let ends = match cut {
        true => [quantiles(&sorted[..sorted.len() - n_longest], 3), vec![longest]].concat(),
        false => quantiles(&sorted, 4),
    };
    parts(tokens, &ends, cut)
}

/// The last length of each of `n` parts of one size, without repetition.
fn quantiles(sorted: &[usize], n: usize) -> Vec<usize> {
    let mut ends: Vec<usize> =
        (1..=n).filter_map(|part| sorted.get((sorted.len() * part / n).max(1) - 1)).copied().collect();
    ends.dedup();
    ends
}

/// The examples up to each end, above the one before.
fn parts(tokens: &[usize], ends: &[usize], cut: bool) -> Vec<Part> {
    let mut examples = vec![Vec::new(); ends.len()];
    for (example, length) in tokens.iter().enumerate() {
        examples[ends.partition_point(|end| end < length)].push(example);
    }
    let name = |place: usize| match (place.checked_sub(1).map(|before| ends[before] + 1), ends[place]) {
        (_, end) if cut && place + 1 == ends.len() => format!("{} (cut)", counted(end, "token")),
        (None, end) => format!("up to {}", counted(end, "token")),
        (Some(start), end) if start == end => counted(end, "token"),
        (Some(start), end) => format!("{start}–{end} tokens"),
    };
    examples.into_iter().enumerate().map(|(place, examples)| Part { name: name(place), examples }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::{Known, made};
    use proptest::prelude::*;

    fn names(tokens: &[usize]) -> Vec<(String, usize)> {
        lengths(tokens).into_iter().map(|part| (part.name, part.examples.len())).collect()
    }

    fn expected(parts: &[(&str, usize)]) -> Vec<(String, usize)> {
        parts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
    }

    #[test]
    fn quarters_have_the_lengths_in_their_names() {
        let even: Vec<usize> = (1..=40).rev().collect();
        let quarters = [("up to 10 tokens", 10), ("11–20 tokens", 10), ("21–30 tokens", 10), ("31–40 tokens", 10)];
        assert_eq!(names(&even), expected(&quarters));
        assert_eq!(names(&[3, 4, 3, 4]), expected(&[("up to 3 tokens", 2), ("4 tokens", 2)]));
        assert!(names(&[7; 9]).is_empty() && names(&[]).is_empty());
    }

    #[test]
    fn what_was_cut_is_a_part_of_its_own_and_a_tail_is_not() {
        let cut: Vec<usize> = (101..=130).chain([512; 6]).collect();
        let parts = [("up to 110 tokens", 10), ("111–120 tokens", 10), ("121–130 tokens", 10), ("512 tokens (cut)", 6)];
        assert_eq!(names(&cut), expected(&parts));
        let tail: Vec<usize> = [8; 10].into_iter().chain([9; 20]).chain([10; 15]).chain([11; 10]).collect();
        assert!(names(&tail).iter().all(|(name, _)| !name.contains("cut")), "{:?}", names(&tail));
    }

    #[test]
    fn a_rating_is_digits_behind_the_last_underscore_of_every_id() {
        let cases = [("test/pos/123_9", Some(9)), ("a_1_10", Some(10)), ("a_", None), ("a_x9", None), ("test/3", None)];
        assert_eq!(cases.map(|(id, _)| rating(id)), cases.map(|(_, expected)| expected));
        let of = |ids: &[&str]| {
            let outcomes =
                made(&ids.iter().map(|id| (*id, [1.0, 0.0], 0)).collect::<Vec<_>>(), &Known::default()).unwrap();
            ratings(outcomes.examples(), outcomes.len())
        };
        assert_eq!(of(&["a_1", "b_10", "c_1"]), Some(vec![1, 10, 1]));
        assert_eq!(of(&["a_1", "b_10", "c"]), None);
        assert_eq!(of(&["a_1", "b_1"]), None, "one rating is no scale");
        let counted: Vec<String> = (0..99).map(|number| format!("mail_{number:02}")).collect();
        assert_eq!(of(&counted.iter().map(String::as_str).collect::<Vec<_>>()), None, "numbering is no rating");
    }

    #[test]
    fn parts_have_their_own_accuracy() {
        let rated = [("a_1", [2.0, 0.0], 0), ("b_9", [0.0, 0.0], 1), ("c_9", [0.0, 2.0], 1)];
        let outcomes = made(&rated, &Known::default()).unwrap();
        let probabilities = Probabilities::new(&outcomes.answers(), 1.0);
        let slices = by_rating(&[&outcomes], &[&probabilities]);
        let found: Vec<_> = slices.iter().map(|slice| (slice.name.as_str(), slice.examples, slice.accuracy)).collect();
        assert_eq!(found, [("rating 1", 1, 1.0), ("rating 9", 2, 0.5)]);
        assert!((slices[1].confidence - (0.5 + 1.0 / (1.0 + (-2.0_f64).exp())) / 2.0).abs() < 1e-12);
        assert!(by_length(&[&outcomes], &[&probabilities]).is_empty(), "no stream records tokens");
    }

    proptest! {
        #[test]
        fn every_example_is_in_one_part_and_a_part_is_an_interval(
            tokens in proptest::collection::vec(1_usize..40, 2..200), at_most in 10_usize..50,
        ) {
            let tokens: Vec<usize> = tokens.into_iter().map(|length| length.min(at_most)).collect();
            let parts = lengths(&tokens);
            prop_assert!(parts.len() <= 4 && parts.iter().all(|part| !part.examples.is_empty()));
            let ends: Vec<(usize, usize)> = parts.iter().map(|part| {
                let lengths = || part.examples.iter().map(|&example| tokens[example]);
                (lengths().min().unwrap(), lengths().max().unwrap())
            }).collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let n: usize = parts.iter().map(|part| part.examples.len()).sum();
            prop_assert_eq!(n, if tokens.iter().all(|length| *length == tokens[0]) { 0 } else { tokens.len() });
        }
    }
}
