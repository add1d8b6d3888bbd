//! Texts that stand word for word in more than one place.

use std::collections::HashSet;

use records::Split;
use records::shards::Duplicates;

use crate::datasets::Review;

/// Count over the whole source, on the raw text; a `validation` split of the source counts as train.
pub(crate) fn count(reviews: &[Review]) -> Duplicates {
    let (test, train): (Vec<_>, Vec<_>) = reviews.iter().partition(|review| review.split == Split::Test);
    let (in_train, in_test) = (distinct(&train), distinct(&test));
    Duplicates {
        within_train: train.len() - in_train.len(),
        within_test: test.len() - in_test.len(),
        across: in_train.intersection(&in_test).count(),
    }
}

fn distinct<'a>(reviews: &[&'a Review]) -> HashSet<&'a str> {
    reviews.iter().map(|review| review.text.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_counted_beyond_the_first_and_texts_across_once() {
        let review = |split, text: &str| Review { id: String::new(), split, label: 0, text: text.to_owned() };
        let train = ["a", "a", "a", "b", "c"].map(|text| review(Split::Train, text));
        let test = ["a", "a", "c", "d", "D"].map(|text| review(Split::Test, text));
        let counted = count(&train.into_iter().chain(test).collect::<Vec<_>>());
        assert_eq!(counted, Duplicates { within_train: 2, within_test: 1, across: 2 });
    }
}
