//! Whether a model puts the examples of a class before the others.

use crate::answers::Answers;
use crate::mean;
use crate::probabilities::Probabilities;

/// Area under the ROC curve: the chance that of a random example of the class and a random other the first has the
/// higher probability, ties counted half (Hanley and McNeil 1982, Radiology 143:29). Of two classes it is that of class
/// 1, which is that of class 0; of more the unweighted mean of each class against the rest, as scikit-learn's
/// `roc_auc_score(multi_class="ovr", average="macro")`. A class that no example has or was given does not count; nothing
/// where a class is only predicted.
pub fn auc(answers: &Answers, probabilities: &Probabilities) -> Option<f64> {
    let is_seen = answers.is_seen();
    let classes: Vec<usize> = match answers.n_classes() {
        2 => vec![1],
        n_classes => (0..n_classes).filter(|&class| is_seen[class]).collect(),
    };
    let mut ranked: Vec<(f64, bool)> = Vec::with_capacity(answers.len());
    let areas: Option<Vec<f64>> = classes
        .into_iter()
        .map(|class| {
            let scored = |(example, row): (usize, &[f64])| (row[class], answers.label(example) == class);
            ranked.clear();
            ranked.extend(probabilities.rows().enumerate().map(scored));
            area(&mut ranked)
        })
        .collect();
    areas.filter(|areas| !areas.is_empty()).map(mean)
}

/// Of (score, whether it is of the class) in any order; whole numbers until the last division.
fn area(ranked: &mut [(f64, bool)]) -> Option<f64> {
    ranked.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let (mut others_below, mut n_class, mut twice_won) = (0_u64, 0_u64, 0_u64);
    for tied in ranked.chunk_by(|(a, _), (b, _)| a == b) {
        let of_class = tied.iter().filter(|(_, of_class)| *of_class).count() as u64;
        let others = tied.len() as u64 - of_class;
        twice_won += of_class * (2 * others_below + others);
        n_class += of_class;
        others_below += others;
    }
    let pairs = n_class * others_below;
    (pairs > 0).then(|| twice_won as f64 / (2 * pairs) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_by_hand() {
        // of class 0.9 and 0.5, others 0.5 and 0.1: three pairs won, one tied
        assert_eq!(area(&mut [(0.9, true), (0.5, false), (0.5, true), (0.1, false)]), Some(3.5 / 4.0));
        assert_eq!(area(&mut [(0.1, true), (0.9, false)]), Some(0.0));
        assert_eq!(area(&mut [(0.3, true), (0.3, false), (0.3, false)]), Some(0.5));
    }

    #[test]
    fn without_both_kinds_there_is_nothing_to_rank() {
        assert_eq!(area(&mut [(0.9, true), (0.5, true)]), None);
        assert_eq!(area(&mut [(0.9, false)]), None);
        assert_eq!(area(&mut []), None);
    }

    #[test]
    fn a_class_that_occurs_nowhere_does_not_count() {
        let rows: [(&[f32], usize); 3] = [(&[0.0, 2.0, 1.0], 1), (&[0.0, 1.0, 2.0], 2), (&[0.0, 1.5, 1.0], 1)];
        let of = |rows: &[(&[f32], usize)]| {
            let owned = crate::answers::Owned::new(rows.iter().copied());
            auc(&owned.answers(), &Probabilities::new(&owned.answers(), 1.0))
        };
        assert_eq!(of(&rows), Some(1.0));
        let only_predicted: [(&[f32], usize); 2] = [(&[9.0, 2.0, 1.0], 1), (&[0.0, 1.0, 2.0], 2)];
        assert_eq!(of(&only_predicted), None);
        assert_eq!(of(&rows[..1]), None, "one class alone");
    }

    fn ranked() -> impl Strategy<Value = Vec<(f64, bool)>> {
        proptest::collection::vec(((-9_i8..9).prop_map(f64::from), any::<bool>()), 2..60)
    }

    proptest! {
        #[test]
        fn only_the_order_counts(scores in ranked(), turn in 0..60_usize) {
            let mut bent: Vec<_> = scores.iter().map(|(score, of_class)| (score.powi(3).exp(), *of_class)).collect();
            bent.rotate_left(turn.min(scores.len()));
            prop_assert_eq!(area(&mut bent), area(&mut scores.clone()));
        }

        #[test]
        fn it_is_the_share_of_pairs_won_and_turned_round_what_is_left(scores in ranked()) {
            let won = |(a, _): &(f64, bool), (b, _): &(f64, bool)| f64::from(a > b) + 0.5 * f64::from(a == b);
            let of = |class: bool| scores.iter().filter(move |(_, of_class)| *of_class == class);
            let pairs = of(true).flat_map(|a| of(false).map(move |b| won(a, b)));
            let expected = (pairs.clone().count() > 0).then(|| mean(pairs));
            let found = area(&mut scores.clone());
            prop_assert!((found.unwrap_or(2.0) - expected.unwrap_or(2.0)).abs() < 1e-12);
            let turned = area(&mut scores.iter().map(|(score, of_class)| (-score, *of_class)).collect::<Vec<_>>());
            prop_assert!(found.zip(turned).is_none_or(|(a, b)| (a + b - 1.0).abs() < 1e-12));
        }
    }
}
