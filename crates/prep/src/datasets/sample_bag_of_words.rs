//! Test: a bag of words is not enough for the sample reviews; otherwise the study of depth would show nothing.

use std::collections::HashMap;

use super::Fresh;
use super::sample::examples;
use records::Split;

/// Single words are enough only for plain reviews without a negation. A bag of words stays between these bounds, and two
/// blocks reach more than 0.99.
const CEILING: f32 = 0.72;
const FLOOR: f32 = 0.55;
const EPOCHS: usize = 12;
const RATE: f32 = 0.02;

/// Logistic regression over unigram counts, fitted by plain gradient descent in reading order.
struct Counter {
    bias: f32,
    weights: HashMap<String, f32>,
}

impl Counter {
    fn fitted(reviews: &[Fresh]) -> Self {
        let mut counter = Counter { bias: 0.0, weights: HashMap::new() };
        for _ in 0..EPOCHS {
            for review in reviews {
                counter.step(review);
            }
        }
        counter
    }

    fn step(&mut self, review: &Fresh) {
        let error = review.label as f32 - 1.0 / (1.0 + (-self.logit(&review.text)).exp());
        self.bias += RATE * error;
        for word in words(&review.text) {
            *self.weights.entry(word).or_insert(0.0) += RATE * error;
        }
    }

    fn logit(&self, text: &str) -> f32 {
        self.bias + words(text).filter_map(|word| self.weights.get(&word)).sum::<f32>()
    }

    fn accuracy(&self, reviews: &[Fresh]) -> f32 {
        let right = reviews.iter().filter(|review| (self.logit(&review.text) > 0.0) == (review.label == 1));
        right.count() as f32 / reviews.len() as f32
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[test]
fn word_counts_stay_below_the_ceiling() {
    let (train, test): (Vec<_>, Vec<_>) = examples().partition(|review| review.split == Split::Train);
    let accuracy = Counter::fitted(&train).accuracy(&test);
    assert!((FLOOR..=CEILING).contains(&accuracy), "word counts alone reach {accuracy}");
}
