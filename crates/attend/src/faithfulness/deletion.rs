//! One review with more and more of its tokens taken away.

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{DRAWS, SHARES, Way};
use crate::attention::{self, Asked};
use crate::map::Map;
use crate::subject::Subject;
use crate::view::Lens;

/// The fall of the predicted class's probability at each of [`SHARES`], for each of `ways`.
pub(super) fn falls(lens: &Lens, ways: &[Way], input_ids: &[u32], seed: u64) -> Result<Vec<[f64; 5]>> {
    let subject = &lens.subject;
    let seen = subject.see(&[input_ids])?.remove(0);
    let class = classifier::predicted(&seen.probabilities);
    let maps: Vec<Map> =
        ways.iter().filter_map(|way| if let Way::By(map, _) = way { Some(*map) } else { None }).collect();
    let query = if lens.choice.query < input_ids.len() { lens.choice.query } else { 0 };
    let mut weights = attention::weights(subject, &seen, input_ids, Asked { maps: &maps, query, class })?.into_iter();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let orders = |way: &Way| match way {
        Way::By(..) => vec![by_weight(&weights.next().unwrap_or_default())],
        Way::Random => (0..DRAWS).map(|_| at_random(input_ids.len(), &mut random)).collect(),
    };
    let orders: Vec<Vec<Vec<usize>>> = ways.iter().map(orders).collect();
    let texts: Vec<Vec<u32>> =
        orders.iter().flatten().flat_map(|order| SHARES.map(|share| without(input_ids, order, share))).collect();
    let left = probabilities(subject, &texts, class);
    let mut left = left.chunks(SHARES.len());
    let whole = f64::from(seen.probabilities[class]);
    let mean = |orders: &Vec<Vec<usize>>| {
        let curves: Vec<&[f64]> = left.by_ref().take(orders.len()).collect();
        std::array::from_fn(|share| whole - curves.iter().map(|curve| curve[share]).sum::<f64>() / curves.len() as f64)
    };
    Ok(orders.iter().map(mean).collect())
}

/// The places between `[CLS]` and `[SEP]`, those of most weight first.
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

/// `input_ids` without the first `share` of `order`, one at least.
fn without(input_ids: &[u32], order: &[usize], share: f64) -> Vec<u32> {
    let count = ((share * order.len() as f64).round() as usize).max(1).min(order.len());
    let gone = &order[..count];
    input_ids.iter().enumerate().filter(|(place, _)| !gone.contains(place)).map(|(_, id)| *id).collect()
}

/// The probability of `class` for each of `texts`.
fn probabilities(subject: &Subject, texts: &[Vec<u32>], class: usize) -> Vec<f64> {
    let sequences: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let Subject { model, tokenizer, device, .. } = subject;
    let logits = classifier::predict(model, &sequences, tokenizer.pad_token_id, device, |_| {});
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
    fn the_tokens_of_most_weight_go_first_and_the_frame_stays() {
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
    fn random_orders_differ_and_hold_every_token_once() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (one, two) = (at_random(50, &mut random), at_random(50, &mut random));
        assert_ne!(one, two);
        let mut sorted = one.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..49).collect::<Vec<_>>());
    }
}
