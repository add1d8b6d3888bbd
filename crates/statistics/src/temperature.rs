//! One number that logits are divided by, so that probabilities become true.

use crate::answers::Answers;
use crate::probabilities::softmax;

/// The bounds of the search. Where every example is right, colder is always better; where a model is worse than chance,
/// hotter is.
pub const TEMPERATURES: [f64; 2] = [COLDEST, HOTTEST];
const COLDEST: f64 = 0.05;
const HOTTEST: f64 = 20.0;

/// Halving alone needs fifty for all digits.
const MOST_STEPS: usize = 200;

/// Temperature scaling (Guo et al. 2017, section 4.2; Platt 1999 with one parameter): the T in 0.05 … 20 with the least
/// log loss of softmax(logits / T). In b = 1/T the loss, mean of ln Σ exp(b·l) − b·l_true, is convex, so its slope has
/// one zero. It stays 1 where no logits differ.
pub fn fit(answers: &Answers) -> f64 {
    let mut probabilities = vec![0.0; answers.n_classes()];
    let mut derivatives = |b: f64| derivatives(answers, b, &mut probabilities);
    let (hottest, coldest) = (HOTTEST.recip(), COLDEST.recip());
    let differ = |logits: &[f32]| logits.iter().any(|logit| *logit != logits[0]);
    if !(0..answers.len()).any(|example| differ(answers.logits(example))) {
        1.0
    } else if derivatives(coldest).0 <= 0.0 {
        COLDEST
    } else if derivatives(hottest).0 >= 0.0 {
        HOTTEST
    } else {
        zero(derivatives, (hottest, coldest)).recip()
    }
}

/// Where a rising slope is 0: by Newton's steps, held within a bracket, and halving it where they do not get shorter
/// fast enough (Press et al. 2007, *Numerical Recipes*, section 9.4).
fn zero(mut derivatives: impl FnMut(f64) -> (f64, f64), (mut low, mut high): (f64, f64)) -> f64 {
    let (mut b, mut last) = (1.0, high - low);
    for _ in 0..MOST_STEPS {
        let (slope, curvature) = derivatives(b);
        if slope > 0.0 {
            high = b;
        } else {
            low = b;
        }
        let newton = b - slope / curvature;
        let good = low < newton && newton < high && (newton - b).abs() < 0.5 * last;
        let next = if good { newton } else { (low * high).sqrt() };
        last = (next - b).abs();
        if slope == 0.0 || last <= 1e-13 * b {
            break;
        }
        b = next;
    }
    b
}

/// First and second derivative by b of the mean log loss: mean of `E(l) − l_true`, and of `Var(l)`, under softmax(b·l).
fn derivatives(answers: &Answers, b: f64, probabilities: &mut [f64]) -> (f64, f64) {
    let (mut slope, mut curvature) = (0.0, 0.0);
    for example in 0..answers.len() {
        let logits = answers.logits(example);
        softmax(logits, b, probabilities);
        let truth = f64::from(logits[answers.label(example)]);
        let (mut first, mut second) = (0.0, 0.0);
        for (p, &logit) in probabilities.iter().zip(logits) {
            let distance = f64::from(logit) - truth;
            first += p * distance;
            second += p * distance * distance;
        }
        slope += first;
        curvature += second - first * first;
    }
    (slope / answers.len() as f64, curvature / answers.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Owned;
    use crate::probabilities::Probabilities;
    use proptest::prelude::*;

    fn of(rows: &[([f32; 2], usize)]) -> f64 {
        fit(&Owned::pairs(rows).answers())
    }

    /// Three of four right with the same margin: the best b has 1 / (1 + exp(−b·margin)) = 3/4.
    #[test]
    fn of_two_classes_by_hand() {
        let fitted = of(&[([4.0, 0.0], 0), ([4.0, 0.0], 0), ([0.0, 4.0], 1), ([0.0, 4.0], 0)]);
        assert!((fitted - 4.0 / 3.0_f64.ln()).abs() < 1e-9, "{fitted}");
    }

    #[test]
    fn where_there_is_no_minimum_it_ends_at_a_bound_and_where_nothing_differs_it_stays() {
        assert_eq!(of(&[([2.0, 0.0], 0), ([0.0, 1.0], 1)]), COLDEST, "all right");
        assert_eq!(of(&[([2.0, 0.0], 1), ([0.0, 1.0], 0)]), HOTTEST, "all wrong");
        assert_eq!(of(&[([1e4, -1e4], 0), ([-1e4, 1e4], 1)]), COLDEST, "all right, without any slope left");
        assert_eq!(of(&[([1e4, -1e4], 1), ([-1e4, 1e4], 1)]), HOTTEST, "one of two is wrong");
        let mut nearly = vec![([1.0, 0.0], 0); 999];
        nearly.push(([1.0, 0.0], 1));
        assert!((of(&nearly) - 1.0 / 999.0_f64.ln()).abs() < 1e-9, "one of a thousand is wrong");
        assert_eq!(of(&[([3.0, 3.0], 1), ([0.0, 0.0], 0)]), 1.0, "logits do not differ");
    }

    proptest! {
        #[test]
        fn none_nearby_is_better_and_hotter_logits_want_as_much_more(
            answers in proptest::collection::vec(((-50_i8..50).prop_map(f32::from), 0_usize..2), 5..40), by in 2_u8..4,
        ) {
            let scaled = |scale: f32| {
                answers.iter().map(|&(logit, label)| ([0.0, logit * scale], label)).collect::<Vec<_>>()
            };
            let (one, scale) = (scaled(0.125), f32::from(by));
            let (t, owned) = (of(&one), Owned::pairs(&one));
            let loss = |t: f64| Probabilities::new(&owned.answers(), t).log_loss;
            for near in [t * 1.01, t / 1.01, 1.0] {
                let inside = (COLDEST..=HOTTEST).contains(&near);
                prop_assert!(!inside || loss(t) <= loss(near) + 1e-12, "{t}: {} but {near}: {}", loss(t), loss(near));
            }
            let inner = |t: f64| COLDEST * 1.001 < t && t * 4.0 < HOTTEST && t != 1.0;
            if inner(t) {
                prop_assert!((of(&scaled(0.125 * scale)) / t - f64::from(by)).abs() < 1e-6);
            }
        }
    }
}
