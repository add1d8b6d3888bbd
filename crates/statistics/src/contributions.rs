//! What each test example contributes to a measure that is not a mean over examples.

use crate::answers::Answers;
use crate::confusion::Confusion;

/// One run: what each example contributes to its measure, so that the mean over the examples is the measure.
pub trait Run {
    /// How many examples there are.
    fn n_examples(&self) -> usize;
    /// The contribution of one example.
    fn value(&self, example: usize) -> f64;
    /// What one more example of each class would contribute, answered wrong and answered right.
    fn further(&self) -> Vec<[f64; 2]>;
    /// How many lost answers, of the class where the fewest count, take the measure from 1 to 0.
    fn n_answers(&self) -> f64;
}

/// Accuracy: whether each example was answered right.
impl Run for [bool] {
    fn n_examples(&self) -> usize {
        self.len()
    }

    fn value(&self, example: usize) -> f64 {
        f64::from(u8::from(self[example]))
    }

    fn further(&self) -> Vec<[f64; 2]> {
        vec![[0.0, 1.0]]
    }

    fn n_answers(&self) -> f64 {
        self.len() as f64
    }
}

/// Contributions to macro F1 or to balanced accuracy: the measure plus the influence of each example on it.
///
/// Both measures are smooth functions of shares of examples (of class c answered d). The influence ψ of an example is the
/// derivative of the measure by the weight of that example (Hampel 1974, JASA 69:383), and the mean of ψ is 0. To first
/// order the measure varies as a mean of n values `measure + ψ`, which is the infinitesimal jackknife, or delta method
/// (Efron 1982, *The Jackknife, the Bootstrap and Other Resampling Plans*, chapter 6); Takahashi et al. (2022, Applied
/// Intelligence 52:4961) derive the same variance of macro F1. The values of accuracy are right and wrong themselves,
/// so the statistics of accuracy hold for these values as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    values: Vec<f64>,
    further: Vec<[f64; 2]>,
    n_answers: f64,
}

impl Contributions {
    /// To macro F1, the mean of `F = 2·TP / (t + p)` over the K classes that occur or are predicted, where t examples have
    /// a class and p are given it: an example adds `(2 − 2F) / (t + p)` of its class if it is right, and otherwise
    /// `−F / (t + p)` of its class and of the class it is given, each times n/K.
    pub fn macro_f1(answers: &Answers) -> Self {
        let confusion = Confusion::new(answers);
        let (f1, n_true, n_predicted) = (confusion.f1(), confusion.n_true(), confusion.n_predicted());
        let n_seen = confusion.is_seen().into_iter().filter(|is_seen| *is_seen).count() as f64;
        let scale = |class: usize| {
            let size = n_true[class] + n_predicted[class];
            if size == 0 { 0.0 } else { answers.len() as f64 / (n_seen * size as f64) }
        };
        let lost: Vec<f64> = (0..f1.len()).map(|class| -f1[class] * scale(class)).collect();
        let right = |class: usize| (2.0 - 2.0 * f1[class]) * scale(class);
        let all_lost: f64 = lost.iter().sum();
        let wrong_anywhere = |class: usize| lost[class] + (all_lost - lost[class]) / (n_seen - 1.0).max(1.0);
        Self::new(
            answers,
            &confusion,
            confusion.macro_f1(),
            right,
            |class, given| lost[class] + lost[given],
            wrong_anywhere,
        )
    }

    /// To balanced accuracy, the mean of the recalls R over the K classes that occur, of which t examples have each: an
    /// example adds `(1 − R) / t` of its class if it is right and `−R / t` if it is wrong, times n/K.
    pub fn balanced_accuracy(answers: &Answers) -> Self {
        let confusion = Confusion::new(answers);
        let (recalls, n_true) = (confusion.recalls(), confusion.n_true());
        let n_classes = recalls.iter().flatten().count() as f64;
        let of = |class: usize, right: f64| {
            let scale = answers.len() as f64 / (n_classes * n_true[class] as f64);
            (right - recalls[class].unwrap_or(0.0)) * scale
        };
        let wrong = |class| of(class, 0.0);
        Self::new(
            answers,
            &confusion,
            confusion.balanced_accuracy(),
            |class| of(class, 1.0),
            |class, _| wrong(class),
            wrong,
        )
    }

    /// From the influence of an example of a class that is answered right, wrong with a class, and wrong with any.
    fn new(
        answers: &Answers,
        confusion: &Confusion,
        measure: f64,
        right: impl Fn(usize) -> f64,
        wrong: impl Fn(usize, usize) -> f64,
        wrong_anywhere: impl Fn(usize) -> f64,
    ) -> Self {
        let influence = |example: usize| match (answers.label(example), answers.predicted(example)) {
            (label, predicted) if label == predicted => right(label),
            (label, predicted) => wrong(label, predicted),
        };
        let n_true = confusion.n_true();
        let occurring = || (0..n_true.len()).filter(|class| n_true[*class] > 0);
        let rarest = occurring().map(|class| n_true[class]).min().unwrap_or(0);
        Contributions {
            values: (0..answers.len()).map(|example| measure + influence(example)).collect(),
            further: occurring().map(|class| [measure + wrong_anywhere(class), measure + right(class)]).collect(),
            n_answers: (occurring().count() as u64 * rarest) as f64,
        }
    }
}

impl Run for Contributions {
    fn n_examples(&self) -> usize {
        self.values.len()
    }

    fn value(&self, example: usize) -> f64 {
        self.values[example]
    }

    fn further(&self) -> Vec<[f64; 2]> {
        self.further.clone()
    }

    fn n_answers(&self) -> f64 {
        self.n_answers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mean;

    /// Labels and predictions, with some logits.
    struct Given {
        logits: Vec<f32>,
        labels: Vec<u16>,
        predicted: Vec<u16>,
    }

    impl Given {
        fn new(n_classes: usize, pairs: &[(u16, u16)]) -> Self {
            let (labels, predicted) = pairs.iter().copied().unzip();
            Given { logits: vec![0.0; n_classes * pairs.len()], labels, predicted }
        }

        fn answers(&self) -> Answers<'_> {
            Answers::new(&self.logits, &self.labels, &self.predicted)
        }
    }

    fn values(contributions: &Contributions) -> Vec<f64> {
        (0..contributions.n_examples()).map(|example| contributions.value(example)).collect()
    }

    #[test]
    fn with_classes_of_one_size_balanced_accuracy_is_accuracy() {
        let given = Given::new(2, &[(0, 0), (0, 1), (1, 1), (1, 1)]);
        let contributions = Contributions::balanced_accuracy(&given.answers());
        // 3/4 + (right − R)·4/(2·2), with recalls 1/2 and 1
        assert_eq!(values(&contributions), [1.25, 0.25, 0.75, 0.75]);
        assert_eq!((contributions.further(), contributions.n_answers()), (vec![[0.25, 1.25], [-0.25, 0.75]], 4.0));
    }

    /// The value of an example is what the measure becomes per unit of its weight: compared with a difference quotient,
    /// every other example repeated often and this one once more.
    fn check(n_classes: usize, pairs: &[(u16, u16)]) {
        const OFTEN: usize = 2_000;
        let given = Given::new(n_classes, pairs);
        let often: Vec<(u16, u16)> = (0..OFTEN).flat_map(|_| pairs.iter().copied()).collect();
        type Of = fn(&Confusion) -> f64;
        let measures: [(Contributions, Of); 2] = [
            (Contributions::macro_f1(&given.answers()), Confusion::macro_f1),
            (Contributions::balanced_accuracy(&given.answers()), Confusion::balanced_accuracy),
        ];
        let whole = Given::new(n_classes, &often);
        let whole = Confusion::new(&whole.answers());
        for (contributions, of) in measures {
            let measure = of(&whole);
            assert!((mean(values(&contributions)) - measure).abs() < 1e-12);
            for (example, pair) in pairs.iter().enumerate() {
                let more = Given::new(n_classes, &[often.as_slice(), &[*pair]].concat());
                let change = (of(&Confusion::new(&more.answers())) - measure) * often.len() as f64;
                let influence = contributions.value(example) - measure;
                assert!(
                    (change - influence).abs() < 0.02 * influence.abs().max(1.0),
                    "{pair:?}: {influence}, {change}"
                );
            }
        }
    }

    #[test]
    fn an_influence_is_a_derivative_also_where_a_class_is_only_predicted() {
        check(2, &[(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 1)]);
        check(4, &[(0, 0), (0, 2), (1, 1), (1, 1), (1, 0), (0, 0), (1, 3)]);
    }

    proptest! {
        #[test]
        fn contributions_have_the_measure_as_their_mean(
            pairs in proptest::collection::vec((0_u16..4, 0_u16..4), 1..60),
        ) {
            let given = Given::new(4, &pairs);
            let confusion = Confusion::new(&given.answers());
            let f1 = mean(values(&Contributions::macro_f1(&given.answers())));
            let balanced = mean(values(&Contributions::balanced_accuracy(&given.answers())));
            prop_assert!((f1 - confusion.macro_f1()).abs() < 1e-9);
            prop_assert!((balanced - confusion.balanced_accuracy()).abs() < 1e-9);
        }
    }
}
