//! The tokens that remain of a review longer than the limit.

use study::{Data, Truncation};

/// The one before and the one after a text.
pub(crate) const SPECIAL_TOKENS: usize = 2;

/// Number of tokens of a text that remain, and how many of them are its first ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    budget: usize,
    head: usize,
}

impl Cut {
    /// The truncation in `data`; `head+tail` gives the head `round(share · budget)` tokens.
    pub(crate) fn new(data: &Data) -> Self {
        let budget = data.max_seq_length - SPECIAL_TOKENS;
        let head = match data.truncation {
            Truncation::HeadOnly => budget,
            Truncation::TailOnly => 0,
            Truncation::HeadAndTail => (data.head_share * budget as f64).round() as usize,
        };
        Cut { budget, head }
    }

    /// The first and the last tokens that remain, in order; a text within the limit has first tokens only.
    pub(crate) fn apply<T>(self, ids: &[T]) -> (&[T], &[T]) {
        match ids.len() <= self.budget {
            true => (ids, &[]),
            false => (&ids[..self.head], &ids[ids.len() - (self.budget - self.head)..]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(truncation: &str, head_share: f64, budget: usize, length: u32) -> Vec<u32> {
        let data = serde_json::json!({"dataset": "d", "tokenizer": "t", "truncation": truncation,
            "max_seq_length": budget + SPECIAL_TOKENS, "head_share": head_share});
        let ids: Vec<u32> = (0..length).collect();
        let (head, tail) = Cut::new(&serde_json::from_value(data).unwrap()).apply(&ids);
        [head, tail].concat()
    }

    #[test]
    fn each_way_keeps_its_end_of_the_text() {
        assert_eq!(kept("head-only", 0.5, 4, 10), [0, 1, 2, 3]);
        assert_eq!(kept("tail-only", 0.5, 4, 10), [6, 7, 8, 9]);
        assert_eq!(kept("head+tail", 0.5, 4, 10), [0, 1, 8, 9]);
        assert_eq!(kept("head+tail", 0.5, 5, 10), [0, 1, 2, 8, 9]);
        assert_eq!(kept("head+tail", 0.25, 4, 10), [0, 7, 8, 9]);
        assert_eq!(kept("head+tail", 1.0, 4, 10), [0, 1, 2, 3]);
        assert_eq!(kept("head+tail", 0.0, 4, 10), [6, 7, 8, 9]);
    }

    proptest! {
        #[test]
        fn truncation_keeps_the_budget_the_order_and_short_texts(
            way in prop_oneof![Just("head-only"), Just("tail-only"), Just("head+tail")],
            share in 0.0..=1.0, budget in 1..40_usize, length in 0..120_u32,
        ) {
            let kept = kept(way, share, budget, length);
            prop_assert_eq!(kept.len(), budget.min(length as usize));
            prop_assert!(kept.is_sorted_by(|a, b| a < b));
            prop_assert!(kept.iter().all(|&id| id < length));
        }
    }
}
