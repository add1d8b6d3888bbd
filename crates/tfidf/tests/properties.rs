//! Properties for any documents: rows of unit length, one minimum from any start, equal bytes for any number of
//! threads.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use proptest::prelude::*;
use tfidf::logistic::{Problem, Weights};
use tfidf::{Config, Sparse, Vectorizer};

/// 5 to 30 documents of up to 12 words out of eight.
fn documents() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec("[a-h]", 0..12), 5..30)
}

fn features(documents: &[Vec<String>]) -> Sparse {
    Vectorizer::fit(documents, &Config { min_documents: 1, ..Config::default() }).unwrap().transform(documents)
}

/// Each class at least once; the other labels follow from the words.
fn labels(documents: &[Vec<String>], classes: usize) -> Vec<usize> {
    let by_words = |words: &Vec<String>| words.iter().filter(|word| word.as_str() < "d").count() % classes;
    (0..classes).chain(documents[classes..].iter().map(by_words)).collect()
}

#[track_caller]
fn assert_near(left: &Weights, right: &Weights) {
    let pairs = left.weights().iter().chain(left.bias()).zip(right.weights().iter().chain(right.bias()));
    let far = pairs.map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
    assert!(far < 1e-5, "{far}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_have_unit_length_or_are_empty(train in documents(), other in documents(), min_documents in 1..4_usize) {
        let fitted = Vectorizer::fit(&train, &Config { min_documents, ..Config::default() });
        prop_assume!(fitted.is_ok());
        let vectorizer = fitted.unwrap();
        let rows = vectorizer.transform(&other);
        for row in 0..rows.rows() {
            let (columns, values) = rows.row(row);
            let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
            prop_assert!(columns.is_empty() || (length - 1.0).abs() < 1e-5);
            prop_assert!(columns.is_sorted() && columns.len() == values.len());
        }
    }

    #[test]
    fn a_warm_start_ends_where_a_cold_one_does(documents in documents(), classes in 2..5_usize) {
        let (features, labels) = (features(&documents), labels(&documents, classes));
        let problem = Problem::new(&features, &labels, classes).unwrap().with_tolerance(1e-10);
        let cold = problem.fit(2.0, None).unwrap();
        let before = problem.fit(0.5, None).unwrap();
        let warm = problem.fit(2.0, Some(&before.weights)).unwrap();
        prop_assert!(cold.relative_gradient <= 1e-10 && warm.relative_gradient <= 1e-10);
        assert_near(&cold.weights, &warm.weights);
    }
}

/// 3,000 documents, so that every sum takes several chunks.
fn many() -> Vec<Vec<String>> {
    let word = |seed: usize| format!("w{}", seed * seed % 1_009 % 97);
    (0..3_000).map(|document| (0..9).map(|position| word(document * 31 + position * 17)).collect()).collect()
}

fn on_threads(n: usize, classes: usize) -> (Sparse, Weights) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    pool.install(|| {
        let documents = many();
        let labels: Vec<usize> = (0..documents.len()).map(|number| number * number % 7 % classes).collect();
        let features = features(&documents);
        let weights = tfidf::logistic::fit(&features, &labels, classes, 4.0, None).unwrap();
        (features, weights)
    })
}

#[test]
fn one_thread_and_several_give_equal_bytes() {
    for classes in [2, 3] {
        let ((features, weights), (same_features, same_weights)) = (on_threads(1, classes), on_threads(2, classes));
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(features, same_features);
        assert_eq!(bits(weights.weights()), bits(same_weights.weights()));
        assert_eq!(bits(weights.bias()), bits(same_weights.bias()));
        assert_eq!(on_threads(3, classes).1, weights);
    }
}

#[test]
fn impossible_labels_and_strengths_are_refused() {
    let features = features(&[vec!["a".into()], vec!["b".into()]]);
    let refused = |labels: &[usize], classes, c| {
        tfidf::logistic::fit(&features, labels, classes, c, None).unwrap_err().to_string()
    };
    assert_eq!(refused(&[0], 2, 1.0), "labels: 1 labels for 2 rows");
    assert_eq!(refused(&[0, 2], 2, 1.0), "labels: row 1 has label 2, but there are 2 classes, counted from 0");
    assert_eq!(refused(&[0, 0], 1, 1.0), "labels: 1 classes, but at least 2 are needed");
    assert_eq!(refused(&[0, 1], 2, 0.0), "`C` is 0: it must be a number above 0");
}

#[test]
fn a_start_of_another_shape_is_refused() {
    let features = features(&[vec!["a".into()], vec!["b".into()]]);
    let start = Weights::from_parts(2, vec![0.0; 3], vec![0.0]).unwrap();
    let error = tfidf::logistic::fit(&features, &[0, 1], 2, 1.0, Some(&start)).unwrap_err();
    assert_eq!(error.to_string(), "weights: the start has 3 terms and 2 classes, but the problem has 2 and 2");
}

#[test]
fn no_examples_and_no_terms_leave_the_weights_at_zero() {
    let empty = Sparse::from_rows(2, &[]).unwrap();
    let weights = tfidf::logistic::fit(&empty, &[], 2, 1.0, None).unwrap();
    assert_eq!((weights.weights(), weights.bias()), ([0.0, 0.0].as_slice(), [0.0].as_slice()));
    let blank = Sparse::from_rows(0, &[vec![], vec![]]).unwrap();
    assert_eq!(tfidf::logistic::fit(&blank, &[0, 1], 2, 1.0, None).unwrap().bias(), [0.0]);
}
