//! Which class is taken for which.

use crate::answers::Answers;
use crate::mean;

/// How many examples of each class were given each class.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    n_classes: usize,
    /// `[true class, predicted class]`
    counts: Vec<u64>,
}

impl Confusion {
    /// Count the answers of one seed.
    pub fn new(answers: &Answers) -> Self {
        let mut confusion = Confusion::empty(answers.n_classes());
        for example in 0..answers.len() {
            confusion.counts[answers.label(example) * confusion.n_classes + answers.predicted(example)] += 1;
        }
        confusion
    }

    fn empty(n_classes: usize) -> Self {
        Confusion { n_classes, counts: vec![0; n_classes * n_classes] }
    }

    /// Add up several, with as many classes as the largest has.
    pub fn sum<'a>(all: impl Iterator<Item = &'a Confusion> + Clone) -> Self {
        let mut sum = Confusion::empty(all.clone().map(|one| one.n_classes).max().unwrap_or(0));
        for one in all {
            for (place, count) in one.counts.iter().enumerate() {
                sum.counts[place / one.n_classes * sum.n_classes + place % one.n_classes] += count;
            }
        }
        sum
    }

    /// `[true class][predicted class]`
    pub fn rows(&self) -> Vec<Vec<u64>> {
        self.counts.chunks(self.n_classes.max(1)).map(<[u64]>::to_vec).collect()
    }

    /// `[C]` harmonic means of precision and recall, 2·TP / (2·TP + FP + FN) (van Rijsbergen 1979, *Information
    /// Retrieval*, chapter 7); 0 for a class that neither occurs nor is predicted, as scikit-learn's `zero_division=0`.
    pub fn f1(&self) -> Vec<f64> {
        let at = |label: usize, predicted: usize| self.counts[label * self.n_classes + predicted];
        let f1 = |class: usize| {
            let twice = 2 * at(class, class);
            let wrong: u64 = (0..self.n_classes).map(|other| at(class, other) + at(other, class)).sum::<u64>() - twice;
            if twice == 0 { 0.0 } else { twice as f64 / (twice + wrong) as f64 }
        };
        (0..self.n_classes).map(f1).collect()
    }

    /// `[C]` examples of each class.
    pub(crate) fn n_true(&self) -> Vec<u64> {
        self.counts.chunks(self.n_classes.max(1)).map(|row| row.iter().sum()).collect()
    }

    /// `[C]` examples that were given each class.
    pub(crate) fn n_predicted(&self) -> Vec<u64> {
        (0..self.n_classes).map(|class| self.counts.iter().skip(class).step_by(self.n_classes).sum()).collect()
    }

    /// `[C]` whether an example has the class, or was given it.
    pub(crate) fn is_seen(&self) -> Vec<bool> {
        self.n_true()
            .into_iter()
            .zip(self.n_predicted())
            .map(|(n_true, n_predicted)| n_true + n_predicted > 0)
            .collect()
    }

    /// `[C]` share of the examples of each class that were given it; `None` for a class without examples.
    pub fn recalls(&self) -> Vec<Option<f64>> {
        let right = |class: usize| self.counts[class * self.n_classes + class] as f64;
        let n_true = self.n_true().into_iter().enumerate();
        n_true.map(|(class, n)| (n > 0).then(|| right(class) / n as f64)).collect()
    }

    /// The mean of [`Confusion::recalls`] over the classes that have examples, as scikit-learn's
    /// `balanced_accuracy_score` (Brodersen et al. 2010, ICPR 3121); a class that is only predicted does not count.
    pub fn balanced_accuracy(&self) -> f64 {
        mean(self.recalls().into_iter().flatten())
    }

    /// The mean of [`Confusion::f1`] over the classes that an example has or was given, as scikit-learn's
    /// `f1_score(average="macro")`: a class that occurs nowhere does not count, one that is only predicted counts as 0.
    pub fn macro_f1(&self) -> f64 {
        mean(self.f1().into_iter().zip(self.is_seen()).filter(|(_, is_seen)| *is_seen).map(|(f1, _)| f1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_by_hand() {
        // class 0: 3 right, 1 taken for 1; class 1: 2 right, 2 taken for 0; class 2: neither there nor predicted
        let confusion = Confusion { n_classes: 3, counts: vec![3, 1, 0, 2, 2, 0, 0, 0, 0] };
        assert_eq!(confusion.f1(), [6.0 / 9.0, 4.0 / 7.0, 0.0]);
        assert_eq!(confusion.rows(), [[3, 1, 0], [2, 2, 0], [0, 0, 0]]);
    }

    /// scikit-learn: `f1_score(y, y, average="macro")` is 1.0 for y of 1 to 5; `f1_score([0, 1, 1], [0, 1, 2],
    /// average="macro")` is (1 + 2/3 + 0) / 3.
    #[test]
    fn the_mean_is_over_classes_that_occur_or_are_predicted() {
        let stars = Confusion { n_classes: 3, counts: vec![0, 0, 0, 0, 4, 0, 0, 0, 5] };
        assert_eq!(stars.macro_f1(), 1.0);
        let only_predicted = Confusion { n_classes: 4, counts: vec![1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] };
        assert!((only_predicted.macro_f1() - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn balanced_accuracy_skips_a_class_without_examples() {
        let confusion = Confusion { n_classes: 3, counts: vec![3, 0, 1, 1, 1, 0, 0, 0, 0] };
        assert_eq!((confusion.recalls(), confusion.balanced_accuracy()), (vec![Some(0.75), Some(0.5), None], 0.625));
    }

    #[test]
    fn seeds_add_up() {
        let (one, two) = (Confusion { n_classes: 2, counts: vec![1, 2, 3, 4] }, Confusion::empty(2));
        assert_eq!(Confusion::sum([&one, &two, &one].into_iter()).rows(), [[2, 4], [6, 8]]);
    }
}
