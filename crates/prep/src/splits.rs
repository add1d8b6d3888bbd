//! Which examples are used, and which are held out: by a hash of the id, so by nothing else.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use records::Split;
use sha2::{Digest, Sha256};
use study::Data;

use crate::datasets::Review;

/// Cut train and test down to the examples that `data` asks for, then hold out validation from train; the
/// result is ordered by split and id.
///
/// A data set that has a validation split of its own keeps it, and nothing is held out.
pub(crate) fn choose(mut reviews: Vec<Review>, data: &Data, labels: &[String]) -> Result<Vec<Review>> {
    if let Some(wanted) = data.train_examples {
        subset(&mut reviews, Split::Train, wanted, labels).context("`train_examples`")?;
    }
    if let Some(wanted) = data.test_examples {
        subset(&mut reviews, Split::Test, wanted, labels).context("`test_examples`")?;
    }
    if !reviews.iter().any(|review| review.split == Split::Validation) {
        hold_out(&mut reviews, data.validation, labels.len());
    }
    reviews.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
    Ok(reviews)
}

/// From each class the examples with the smallest sha256 of `subset:<id>`, as many from each; where that
/// does not come out even, the first classes give one more.
fn subset(reviews: &mut Vec<Review>, split: Split, wanted: usize, labels: &[String]) -> Result<()> {
    let mut chosen = HashSet::new();
    for (label, name) in labels.iter().enumerate() {
        let share = wanted / labels.len() + usize::from(label < wanted % labels.len());
        let ranked = ranked(reviews, split, label, "subset");
        let has = ranked.len();
        ensure!(has >= share, "{wanted} need {share} of class `{name}`, but {split} has {has} of it");
        chosen.extend(ranked.into_iter().take(share));
    }
    let mut idx = 0..reviews.len();
    reviews.retain(|review| idx.next().is_some_and(|idx| review.split != split || chosen.contains(&idx)));
    Ok(())
}

/// From each class of train that share of its examples, rounded, with the smallest sha256 of `validation:<id>`.
fn hold_out(reviews: &mut [Review], share: f64, n_labels: usize) {
    for label in 0..n_labels {
        let ranked = ranked(reviews, Split::Train, label, "validation");
        let held_out = (share * ranked.len() as f64).round() as usize;
        for idx in ranked.into_iter().take(held_out) {
            reviews[idx].split = Split::Validation;
        }
    }
}

/// The examples of one class, as indices, by the sha256 of `<purpose>:<id>`.
fn ranked(reviews: &[Review], split: Split, label: usize, purpose: &str) -> Vec<usize> {
    let is_of_class = |idx: &usize| reviews[*idx].split == split && reviews[*idx].label == label;
    let mut ranked: Vec<usize> = (0..reviews.len()).filter(is_of_class).collect();
    ranked.sort_by_cached_key(|&idx| Sha256::digest(format!("{purpose}:{}", reviews[idx].id)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reviews(per_class: &[usize]) -> Vec<Review> {
        let class = |(label, &n): (usize, &usize)| {
            (0..n).map(move |number| Review {
                id: format!("train/{label}/{number}"),
                split: Split::Train,
                label,
                text: String::new(),
            })
        };
        per_class.iter().enumerate().flat_map(class).collect()
    }

    fn data(validation: f64, train_examples: Option<usize>) -> Data {
        let data = serde_json::json!({"dataset": "d", "tokenizer": "t", "max_seq_length": 8,
            "validation": validation, "train_examples": train_examples});
        serde_json::from_value(data).unwrap()
    }

    fn chosen(reviews: Vec<Review>, validation: f64, wanted: Option<usize>) -> Result<Vec<(Split, usize, String)>> {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let chosen = choose(reviews, &data(validation, wanted), &labels)?;
        Ok(chosen.into_iter().map(|review| (review.split, review.label, review.id)).collect())
    }

    fn per_class(chosen: &[(Split, usize, String)], split: Split) -> [usize; 3] {
        [0, 1, 2].map(|label| chosen.iter().filter(|example| (example.0, example.1) == (split, label)).count())
    }

    #[test]
    fn the_remainder_goes_to_the_first_classes_and_validation_is_part_of_train() {
        let chosen = chosen(reviews(&[20, 30, 40]), 0.25, Some(32)).unwrap();
        assert_eq!(per_class(&chosen, Split::Validation), [3, 3, 3]);
        assert_eq!(per_class(&chosen, Split::Train), [8, 8, 7]);
    }

    #[test]
    fn a_class_that_has_too_few_is_named() {
        let error = chosen(reviews(&[20, 2, 20]), 0.0, Some(9)).unwrap_err();
        assert_eq!(format!("{error:#}"), "`train_examples`: 9 need 3 of class `b`, but train has 2 of it");
    }

    #[test]
    fn the_rule_is_the_one_stated() {
        let smallest = |purpose: &str| {
            let hash = |n: &usize| records::shards::sha256_hex(format!("{purpose}:train/0/{n}").as_bytes());
            (0..20).min_by_key(hash).map(|n| format!("train/0/{n}")).unwrap()
        };
        let subset = chosen(reviews(&[20, 1, 1]), 0.0, Some(3)).unwrap();
        assert_eq!(subset[0].2, smallest("subset"));
        let held_out = chosen(reviews(&[20, 0, 0]), 0.05, None).unwrap();
        assert_eq!(held_out.last().unwrap(), &(Split::Validation, 0, smallest("validation")));
    }

    #[test]
    fn a_validation_split_of_the_source_is_kept_as_it_is() {
        let mut source = reviews(&[10, 10, 10]);
        source[4].split = Split::Validation;
        assert_eq!(per_class(&chosen(source, 0.5, None).unwrap(), Split::Validation), [1, 0, 0]);
    }

    proptest! {
        #[test]
        fn the_choice_does_not_depend_on_order_and_a_larger_subset_holds_the_smaller(
            swaps in proptest::collection::vec((0..60_usize, 0..60_usize), 0..60), wanted in 0..58_usize,
        ) {
            let mut shuffled = reviews(&[20, 20, 20]);
            swaps.into_iter().for_each(|(a, b)| shuffled.swap(a, b));
            let small = chosen(reviews(&[20, 20, 20]), 0.1, Some(wanted)).unwrap();
            prop_assert_eq!(&small, &chosen(shuffled, 0.1, Some(wanted)).unwrap());
            let large = chosen(reviews(&[20, 20, 20]), 0.1, Some(wanted + 3)).unwrap();
            prop_assert!(small.iter().all(|(_, _, id)| large.iter().any(|example| example.2 == *id)));
        }
    }
}
