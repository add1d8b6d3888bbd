//! Remove more and more tokens of one review.

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{DRAWS, Order, SHARES};
use crate::attention::{self, Request};
use crate::method::Method;
use crate::model::Model;
use crate::view::Viewer;

/// The fall of the predicted class's probability at each of [`SHARES`], for each of `orders`.
pub(super) fn falls(viewer: &Viewer, orders: &[Order], input_ids: &[u32], seed: u64) -> Result<Vec<[f64; 5]>> {
    let model = &viewer.model;
    let activations = model.activations(&[input_ids])?.remove(0);
    let class = classifier::predicted(&activations.probabilities);
    let methods: Vec<Method> =
        orders.iter().filter_map(|order| if let Order::By(method, _) = order { Some(*method) } else { None }).collect();
    let query = if viewer.choice.query < input_ids.len() { viewer.choice.query } else { 0 };
    let request = Request { methods: &methods, query, class };
    let mut weights = attention::weights(model, &activations, input_ids, request)?.into_iter();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let permutations = |order: &Order| match order {
        Order::By(..) => vec![by_weight(&weights.next().unwrap_or_default())],
        Order::Random => (0..DRAWS).map(|_| at_random(input_ids.len(), &mut random)).collect(),
    };
    let permutations: Vec<Vec<Vec<usize>>> = orders.iter().map(permutations).collect();
    let texts: Vec<Vec<u32>> =
        permutations.iter().flatten().flat_map(|order| SHARES.map(|share| without(input_ids, order, share))).collect();
    let left = probabilities(model, &texts, class);
    let mut left = left.chunks(SHARES.len());
    let whole = f64::from(activations.probabilities[class]);
    let mean = |permutations: &Vec<Vec<usize>>| {
        let curves: Vec<&[f64]> = left.by_ref().take(permutations.len()).collect();
        std::array::from_fn(|share| whole - curves.iter().map(|curve| curve[share]).sum::<f64>() / curves.len() as f64)
    };
    Ok(permutations.iter().map(mean).collect())
}

/// The tokens between `[CLS]` and `[SEP]`, by falling weight.
fn by_weight(weights: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (1..weights.len().saturating_sub(1)).collect();
    order.sort_by(|&one, &two| weights[two].total_cmp(&weights[one]));
    order
}

fn at_random(tokens: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (1..tokens.saturating_sub(1)).collect();
    order.shuffle(random);
    order
}

/// `input_ids` without the first `share` of `order`, and at least one token less.
fn without(input_ids: &[u32], order: &[usize], share: f64) -> Vec<u32> {
    let count = ((share * order.len() as f64).round() as usize).max(1).min(order.len());
    let gone = &order[..count];
    input_ids.iter().enumerate().filter(|(place, _)| !gone.contains(place)).map(|(_, id)| *id).collect()
}

/// The probability of `class` for each of `texts`.
fn probabilities(model: &Model, texts: &[Vec<u32>], class: usize) -> Vec<f64> {
    let sequences: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let Model { network, tokenizer, device, .. } = model;
    let logits = classifier::predict(network, &sequences, tokenizer.pad_token_id, device, |_| {});
    logits.iter().map(|logits| softmax(logits, class)).collect()
}

fn softmax(logits: &[f32], class: usize) -> f64 {
    let of = |logit: f32| (f64::from(logit) - f64::from(logits[class])).exp();
    1.0 / logits.iter().map(|&logit| of(logit)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_by_falling_weight_and_cls_and_sep_stay() {
        let order = by_weight(&[9.0, 0.1, -0.4, 0.3, 9.0]);
        assert_eq!(order, [3, 1, 2]);
        assert_eq!(without(&[101, 7, 8, 9, 102], &order, 0.05), [101, 7, 8, 102]);
        assert_eq!(without(&[101, 7, 8, 9, 102], &order, 0.5), [101, 8, 102]);
    }

    #[test]
    fn a_probability_is_the_softmax() {
        assert!((softmax(&[1.0, 3.0], 1) - 1.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-12);
        assert_eq!(softmax(&[0.0, 2000.0], 0), 0.0);
    }

    #[test]
    fn random_orders_differ_and_contain_every_token_once() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (one, two) = (at_random(50, &mut random), at_random(50, &mut random));
        assert_ne!(one, two);
        let mut sorted = one.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..49).collect::<Vec<_>>());
    }
}
