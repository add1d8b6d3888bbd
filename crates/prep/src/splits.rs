//! Which examples are used, and which are held out: a hash of the id decides, and nothing else.

use std::collections::HashSet;

use anyhow::{Context, Result, bail, ensure};
use records::Split;
use sha2::{Digest, Sha256};
use study::Data;
use texts::Review;

/// A remainder below this comes from rounding, such as that of 0.1 · 30.
const ROUNDING: f64 = 1e-9;

/// Where the source has no test split, hold out the share `data.test` of train as one, and say so; returns whether.
///
/// # Errors
/// That share of so few examples is none.
pub(crate) fn give_test(reviews: &mut [Review], data: &Data, n_labels: usize) -> Result<bool> {
    let n_train = reviews.iter().filter(|review| review.split == Split::Train).count();
    if data.test == 0.0 || reviews.iter().any(|review| review.split == Split::Test) {
        return Ok(false);
    }
    match hold_out(reviews, Split::Test, data.test, n_labels) {
        0 => bail!(
            "no test split, and `test` = {} of {n_train} examples of {n_labels} classes holds out none; add examples, or name \
             another column with `label` in `[data]`",
            data.test
        ),
        held_out => log::info!(
            "no test split: {held_out} of {n_train} train examples are test now, the same share of each class, chosen by a \
             hash of the id; `test` in `[data]` sets the share"
        ),
    }
    Ok(true)
}

/// Cut train and test down to the examples that `data` asks for, then hold out validation from train. The result is
/// ordered by split and id.
///
/// A data set with a validation split of its own keeps it, and nothing is held out.
pub(crate) fn choose(mut reviews: Vec<Review>, data: &Data, labels: &[String]) -> Result<Vec<Review>> {
    let classes = classes(&reviews, labels);
    if let Some(wanted) = data.train_examples {
        subset(&mut reviews, Split::Train, wanted, &classes).context("`train_examples`")?;
    }
    if let Some(wanted) = data.test_examples {
        subset(&mut reviews, Split::Test, wanted, &classes).context("`test_examples`")?;
    }
    if !reviews.iter().any(|review| review.split == Split::Validation) {
        hold_out(&mut reviews, Split::Validation, data.validation, labels.len());
    }
    reviews.sort_unstable_by(|a, b| (a.split, &a.id).cmp(&(b.split, &b.id)));
    Ok(reviews)
}

/// The classes that have examples, by index and name.
fn classes<'a>(reviews: &[Review], labels: &'a [String]) -> Vec<(usize, &'a String)> {
    let found: HashSet<usize> = reviews.iter().map(|review| review.label).collect();
    labels.iter().enumerate().filter(|(label, _)| found.contains(label)).collect()
}

/// From each class the examples with the smallest sha256 of `subset:<id>`, the same number from each. The first classes
/// give one more where the number is not a multiple of the classes.
fn subset(reviews: &mut Vec<Review>, split: Split, wanted: usize, classes: &[(usize, &String)]) -> Result<()> {
    let mut chosen = HashSet::new();
    let of_class = by_class(reviews, split);
    for (place, (label, name)) in classes.iter().enumerate() {
        let share = wanted / classes.len() + usize::from(place < wanted % classes.len());
        let ranked = ranked(reviews, of_class.get(*label).map_or(&[], Vec::as_slice), "subset");
        let has = ranked.len();
        ensure!(has >= share, "{wanted} need {share} of class `{name}`, but {split} has {has} of it");
        chosen.extend(ranked.into_iter().take(share));
    }
    let mut idx = 0..reviews.len();
    reviews.retain(|review| idx.next().is_some_and(|idx| review.split != split || chosen.contains(&idx)));
    Ok(())
}

/// From each class of train its part of that share, the examples with the smallest sha256 of `<split>:<id>`; returns how
/// many there are.
fn hold_out(reviews: &mut [Review], split: Split, share: f64, n_labels: usize) -> usize {
    let mut classes = by_class(reviews, Split::Train);
    classes.resize(n_labels, vec![]);
    let parts = parts(share, &classes.iter().map(Vec::len).collect::<Vec<_>>());
    for (class, part) in classes.iter().zip(&parts).filter(|(_, part)| **part > 0) {
        let ranked = ranked(reviews, class, split.name());
        ranked.into_iter().take(*part).for_each(|idx| reviews[idx].split = split);
    }
    parts.iter().sum()
}

/// How many examples of each class make up that share of all: the total is rounded, and goes to the classes by the
/// largest remainders (Hamilton's method), to the first of equals. Every class keeps an example in train, so classes of
/// one example give none, and the total may be smaller.
fn parts(share: f64, sizes: &[usize]) -> Vec<usize> {
    let exact = |class: usize| share * sizes[class] as f64;
    let most = |class: usize| sizes[class].saturating_sub(1);
    let mut parts: Vec<usize> = (0..sizes.len()).map(|class| (exact(class) as usize).min(most(class))).collect();
    let total = (share * sizes.iter().sum::<usize>() as f64).round() as usize;
    let missing = total.saturating_sub(parts.iter().sum());
    let remainder = |class: usize| exact(class) - parts[class] as f64;
    let mut may_give: Vec<usize> =
        (0..sizes.len()).filter(|&class| parts[class] < most(class) && remainder(class) > ROUNDING).collect();
    may_give.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    may_give.into_iter().take(missing).for_each(|class| parts[class] += 1);
    parts
}

/// The examples of a split, as indices, by class.
fn by_class(reviews: &[Review], split: Split) -> Vec<Vec<usize>> {
    let mut classes = Vec::new();
    for (idx, review) in reviews.iter().enumerate().filter(|(_, review)| review.split == split) {
        classes.resize(classes.len().max(review.label + 1), vec![]);
        classes[review.label].push(idx);
    }
    classes
}

/// Examples by the sha256 of `<purpose>:<id>`.
fn ranked(reviews: &[Review], class: &[usize], purpose: &str) -> Vec<usize> {
    let mut ranked = class.to_vec();
    ranked.sort_by_cached_key(|&idx| Sha256::digest(format!("{purpose}:{}", reviews[idx].id)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reviews(per_class: &[usize]) -> Vec<Review> {
        let text = texts::Store::new(std::env::temp_dir()).put("").unwrap();
        let class = |(label, &n): (usize, &usize)| {
            (0..n).map(move |number| Review { id: format!("train/{label}/{number}"), split: Split::Train, label, text })
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
        assert_eq!(per_class(&chosen, Split::Validation), [3, 3, 2]);
        assert_eq!(per_class(&chosen, Split::Train), [8, 8, 8]);
    }

    #[test]
    fn classes_without_examples_give_none_to_a_subset() {
        let chosen = chosen(reviews(&[0, 9, 9]), 0.0, Some(7)).unwrap();
        assert_eq!(per_class(&chosen, Split::Train), [0, 4, 3]);
    }

    #[test]
    fn a_share_is_held_out_over_all_classes_and_each_keeps_an_example() {
        assert_eq!(parts(0.1, &[4; 20]).iter().sum::<usize>(), 8);
        assert_eq!(parts(0.1, &[5; 20]).iter().sum::<usize>(), 10);
        assert_eq!(parts(0.1, &[30, 30]), [3, 3]);
        assert_eq!(parts(0.5, &[8, 1]), [4, 0]);
        assert_eq!(parts(0.9, &[2, 2, 1, 0]), [1, 1, 0, 0]);
        assert_eq!(parts(0.25, &[5, 6, 8]), [1, 2, 2]); // 4.75 is 5; of 1.25, 1.5 and 2 the second gets the last
        assert_eq!(parts(0.1, &[4]), [0]);
        assert_eq!(parts(0.1, &[]), [0; 0]);
    }

    #[test]
    fn a_class_that_has_too_few_is_named() {
        let error = chosen(reviews(&[20, 2, 20]), 0.0, Some(9)).unwrap_err();
        assert_eq!(format!("{error:#}"), "`train_examples`: 9 need 3 of class `b`, but train has 2 of it");
    }

    #[test]
    fn the_rule_is_the_one_stated() {
        let smallest = |purpose: &str| {
            let hash = |n: &usize| records::hash::sha256_hex(format!("{purpose}:train/0/{n}").as_bytes());
            (0..20).min_by_key(hash).map(|n| format!("train/0/{n}")).unwrap()
        };
        let subset = chosen(reviews(&[20, 1, 1]), 0.0, Some(3)).unwrap();
        assert_eq!(subset[0].2, smallest("subset"));
        let held_out = chosen(reviews(&[20, 0, 0]), 0.05, None).unwrap();
        assert_eq!(held_out.last().unwrap(), &(Split::Validation, 0, smallest("validation")));
    }

    #[test]
    fn a_source_without_test_gets_one_of_every_class_by_the_rule_stated() {
        let mut source = reviews(&[20, 30, 1]);
        assert!(give_test(&mut source, &data(0.0, None), 3).unwrap());
        let n_test =
            |label| source.iter().filter(|review| review.label == label && review.split == Split::Test).count();
        assert_eq!([0, 1, 2].map(n_test), [4, 6, 0]);
        let hash = |review: &&Review| records::hash::sha256_hex(format!("test:{}", review.id).as_bytes());
        let first = source.iter().filter(|review| review.label == 0).min_by_key(hash).unwrap();
        assert_eq!(first.split, Split::Test);
        let mut with_test = reviews(&[20, 30, 1]);
        with_test[0].split = Split::Test;
        assert!(!give_test(&mut with_test, &data(0.0, None), 3).unwrap());
        assert_eq!(with_test.iter().filter(|review| review.split == Split::Test).count(), 1);
        let none = give_test(&mut reviews(&[1, 1, 1]), &data(0.0, None), 3).unwrap_err().to_string();
        assert!(
            none.starts_with("no test split, and `test` = 0.2 of 3 examples of 3 classes holds out none; add"),
            "{none}"
        );
    }

    #[test]
    fn a_validation_split_of_the_source_is_kept_as_it_is() {
        let mut source = reviews(&[10, 10, 10]);
        source[4].split = Split::Validation;
        assert_eq!(per_class(&chosen(source, 0.5, None).unwrap(), Split::Validation), [1, 0, 0]);
    }

    proptest! {
        #[test]
        fn parts_are_within_one_of_the_share_and_add_up_to_it(
            sizes in proptest::collection::vec(0..50_usize, 0..12), share in 0.0..0.99,
        ) {
            let parts = parts(share, &sizes);
            for (&part, &size) in parts.iter().zip(&sizes) {
                prop_assert!(part == 0 || part < size);
                prop_assert!((part as f64 - share * size as f64).abs() < 1.0 + 1e-9 || part + 1 == size);
            }
            let total = share * sizes.iter().sum::<usize>() as f64;
            let capped = sizes.iter().zip(&parts).any(|(&size, &part)| part + 1 == size);
            prop_assert!(capped || (parts.iter().sum::<usize>() as f64 - total).abs() <= 0.5 + 1e-9);
        }

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
