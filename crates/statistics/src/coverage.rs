//! How many errors remain if a model answers only where it is confident.

use crate::answers::Answers;
use crate::probabilities::Probabilities;

/// Points of the curve.
pub const COVERAGES: usize = 20;

/// 5 %, 10 % … 100 %, as fractions.
pub fn shares() -> impl Iterator<Item = f64> {
    (1..=COVERAGES).map(|step| step as f64 / COVERAGES as f64)
}

/// Risk at each of [`shares`], and the area under the whole curve (El-Yaniv and Wiener 2010, JMLR 11:1605; Geifman and
/// El-Yaniv 2017): risk at k examples is the share of wrong ones among the k with the most probable answers, equal ones
/// in the order of the examples; at a share the k is rounded up; the area is the mean over every k from 1 to n.
pub fn risks(answers: &Answers, probabilities: &Probabilities) -> ([f64; COVERAGES], f64) {
    let order = most_confident_first(answers, probabilities);
    let n = order.len();
    let (mut risks, mut step, mut wrong, mut area) = ([0.0; COVERAGES], 0, 0_u32, 0.0);
    for (before, &(_, example)) in order.iter().enumerate() {
        let k = before + 1;
        wrong += u32::from(!answers.is_right(example as usize));
        let risk = f64::from(wrong) / k as f64;
        area += risk;
        while step < COVERAGES && (n * (step + 1)).div_ceil(COVERAGES) == k {
            risks[step] = risk;
            step += 1;
        }
    }
    (risks, area / n as f64)
}

/// (confidence, example)
fn most_confident_first(answers: &Answers, probabilities: &Probabilities) -> Vec<(f64, u32)> {
    let confidence = |example: u32| probabilities.of(example as usize, answers.predicted(example as usize));
    let mut order: Vec<(f64, u32)> = (0..answers.len() as u32).map(|example| (confidence(example), example)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Owned;
    use proptest::prelude::*;

    fn of(answers: &[([f32; 2], usize)]) -> ([f64; COVERAGES], f64) {
        let owned = Owned::pairs(answers);
        risks(&owned.answers(), &Probabilities::new(&owned.answers(), 1.0))
    }

    #[test]
    fn a_curve_by_hand() {
        // by confidence: right, wrong, right, right; so risks 0, 1/2, 1/3, 1/4
        let (risks, area) = of(&[([0.0, 1.0], 1), ([3.0, 0.0], 1), ([0.0, 2.0], 1), ([4.0, 0.0], 0)]);
        let steps: Vec<f64> = risks.chunks(5).map(|quarter| quarter[4]).collect();
        assert_eq!((risks[0], steps), (0.0, vec![0.0, 0.5, 1.0 / 3.0, 0.25]));
        assert!((area - (0.5 + 1.0 / 3.0 + 0.25) / 4.0).abs() < 1e-15);
    }

    #[test]
    fn equal_confidence_keeps_the_order_of_the_examples() {
        let (risks, _) = of(&[([1.0, 0.0], 1), ([1.0, 0.0], 0), ([0.0, 1.0], 1), ([0.0, 1.0], 1)]);
        assert_eq!([risks[0], risks[9], risks[19]], [1.0, 0.5, 0.25]);
    }

    proptest! {
        #[test]
        fn at_full_coverage_it_is_the_error_rate(
            answers in proptest::collection::vec(((-9_i8..9).prop_map(f32::from), 0_usize..2), 1..90),
        ) {
            let answers: Vec<_> = answers.into_iter().map(|(logit, label)| ([0.0, logit], label)).collect();
            let (risks, area) = of(&answers);
            let wrong = answers.iter().filter(|([_, logit], label)| usize::from(*logit > 0.0) != *label).count();
            prop_assert!((risks[COVERAGES - 1] - wrong as f64 / answers.len() as f64).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&area) && risks.iter().all(|risk| (0.0..=1.0).contains(risk)));
        }
    }
}
