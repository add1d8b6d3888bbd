//! Texts that occur more than once, word for word.
//!
//! It compares the texts of the source, before any cleaning. A `validation` split of the source counts as a part of
//! train.

use std::cmp::Reverse;
use std::collections::HashSet;

use records::Split;
use records::shards::Duplicates;

use crate::Review;

/// Count the duplicates of the whole source.
pub fn count(reviews: &[Review]) -> Duplicates {
    let n_test = reviews.iter().filter(|review| review.split == Split::Test).count();
    let (in_train, in_test) = (distinct(reviews, false), distinct(reviews, true));
    Duplicates {
        within_train: reviews.len() - n_test - in_train.len(),
        within_test: n_test - in_test.len(),
        across: in_test.intersection(&in_train).count(),
    }
}

fn distinct(reviews: &[Review], of_test: bool) -> HashSet<[u8; 16]> {
    let of_part = reviews.iter().filter(|review| (review.split == Split::Test) == of_test);
    of_part.map(|review| review.text.digest).collect()
}

/// Warn that a test split which `prep` held out shares texts with train.
pub fn warn_of_copies(counted: &Duplicates) {
    if counted.across > 0 {
        log::warn!(
            "{} texts are in test and in train, which flatters a model; set `duplicates = \"leave-out\"` in `[data]`",
            counted.across
        );
    }
}

/// Keep each text once: in test if it occurs there, else in validation, else in train. Of several copies in one split, the
/// one with the smallest id stays, whatever their labels. The order does not change.
pub fn leave_out(mut reviews: Vec<Review>) -> Vec<Review> {
    let mut stays = first_copies(&reviews).into_iter();
    reviews.retain(|_| stays.next().unwrap_or(true));
    reviews
}

/// For each review, whether it is the copy that stays.
fn first_copies(reviews: &[Review]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..reviews.len()).collect();
    order.sort_unstable_by_key(|&idx| (Reverse(reviews[idx].split), &reviews[idx].id));
    let mut seen = HashSet::with_capacity(reviews.len());
    let mut first = vec![false; reviews.len()];
    for idx in order {
        first[idx] = seen.insert(reviews[idx].text.digest);
    }
    first
}

/// How many reviews [`leave_out`] removes from a source with these counts.
pub fn n_left_out(counted: &Duplicates) -> usize {
    counted.within_train + counted.within_test + counted.across
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::{Store, Text};

    fn text(text: &str) -> Text {
        Store::new(std::env::temp_dir()).put(text).unwrap()
    }

    fn review((number, (split, written)): (usize, (Split, &str))) -> Review {
        Review { id: format!("{number:02}"), split, label: 0, text: text(written) }
    }

    fn source() -> Vec<Review> {
        let train = ["a", "a", "a", "b", "c"].map(|text| (Split::Train, text));
        let test = ["a", "a", "c", "d", "D"].map(|text| (Split::Test, text));
        train.into_iter().chain(test).enumerate().map(review).collect()
    }

    fn ids(reviews: &[Review]) -> Vec<&str> {
        reviews.iter().map(|review| review.id.as_str()).collect()
    }

    #[test]
    fn copies_are_counted_beyond_the_first_and_texts_across_once() {
        assert_eq!(count(&source()), Duplicates { within_train: 2, within_test: 1, across: 2 });
    }

    #[test]
    fn a_text_stays_once_and_in_test_if_it_stands_there() {
        assert_eq!(ids(&leave_out(source())), ["03", "05", "07", "08", "09"]);
        let mut held_out = source();
        held_out[4].split = Split::Validation;
        held_out[9].text = text("b");
        held_out[9].split = Split::Validation;
        assert_eq!(ids(&leave_out(held_out)), ["05", "07", "08", "09"]);
    }

    proptest! {
        #[test]
        fn what_goes_is_what_was_counted_whatever_the_order(
            places in proptest::collection::vec((0..3_usize, "[a-d]{1,2}"), 0..40), turn in 0..40_usize,
        ) {
            let split = |place: usize| [Split::Train, Split::Validation, Split::Test][place];
            let source = || -> Vec<Review> {
                places.iter().map(|(place, text)| (split(*place), text.as_str())).enumerate().map(review).collect()
            };
            let (mut turned, distinct) = (source(), source().iter().map(|review| review.text.digest).collect::<HashSet<_>>().len());
            turned.rotate_left(turn.min(places.len()));
            let left = leave_out(source());
            prop_assert_eq!(left.len(), distinct);
            prop_assert_eq!(left.len() + n_left_out(&count(&source())), places.len());
            prop_assert_eq!(count(&left), Duplicates::default());
            let mut turned = leave_out(turned);
            turned.sort_by(|a, b| a.id.cmp(&b.id));
            prop_assert_eq!(ids(&turned), ids(&left));
        }
    }
}
