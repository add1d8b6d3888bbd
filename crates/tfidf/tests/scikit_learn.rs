//! Terms, rows, coefficients and decision values compared with scikit-learn (`data/make_expected.py`).
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use serde::Deserialize;
use tfidf::logistic::{Problem, Weights};
use tfidf::{Config, Sparse, Vectorizer};

#[derive(Deserialize)]
struct Expected {
    min_documents: usize,
    c: f64,
    documents: Vec<String>,
    unseen: Vec<String>,
    terms: Vec<String>,
    idf: Vec<f32>,
    /// `[documents, terms]`.
    unseen_rows: Vec<Vec<f32>>,
    two_classes: Model<f32>,
    three_classes: Model<Vec<f32>>,
    two_weighted_classes: Model<f32>,
    three_weighted_classes: Model<Vec<f32>>,
}

/// A decision is one number for two classes, and one number for each of three classes.
#[derive(Deserialize)]
struct Model<Decision> {
    labels: Vec<usize>,
    /// `[classes]`, or nothing where all weigh the same.
    class_weights: Vec<f64>,
    /// `[outputs, terms]`.
    coefficients: Vec<Vec<f32>>,
    biases: Vec<f32>,
    decisions: Vec<Decision>,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("data/expected.json")).unwrap()
}

fn words(documents: &[String]) -> Vec<Vec<String>> {
    documents.iter().map(|text| text.split_whitespace().map(String::from).collect()).collect()
}

fn vectorizer(expected: &Expected) -> Vectorizer {
    let config = Config { words_per_term: 2, min_documents: expected.min_documents, sublinear: true };
    Vectorizer::fit(&words(&expected.documents), &config).unwrap()
}

#[track_caller]
fn assert_close<'a>(ours: impl IntoIterator<Item = &'a f32>, theirs: impl IntoIterator<Item = &'a f32>, within: f32) {
    let (ours, theirs): (Vec<_>, Vec<_>) = (ours.into_iter().collect(), theirs.into_iter().collect());
    assert_eq!(ours.len(), theirs.len());
    let far = ours.iter().zip(&theirs).find(|(ours, theirs)| (**ours - **theirs).abs() > within);
    assert_eq!(far, None);
}

#[test]
fn terms_and_idf_are_the_same() {
    let expected = expected();
    let vectorizer = vectorizer(&expected);
    assert_eq!(vectorizer.terms(), expected.terms);
    assert_close(vectorizer.idf(), &expected.idf, 1e-6);
}

#[test]
fn rows_of_unseen_documents_are_the_same() {
    let expected = expected();
    let rows = vectorizer(&expected).transform(&words(&expected.unseen));
    for (number, theirs) in expected.unseen_rows.iter().enumerate() {
        let mut ours = vec![0.0; expected.terms.len()];
        rows.row(number).0.iter().zip(rows.row(number).1).for_each(|(&column, &value)| ours[column as usize] = value);
        assert_close(&ours, theirs, 1e-6);
    }
}

/// Our weights for the examples of `model`, and their logits on the unseen documents.
fn fitted<Decision>(expected: &Expected, model: &Model<Decision>, classes: usize) -> (Weights, Vec<Vec<f32>>) {
    let vectorizer = vectorizer(expected);
    let features: Sparse = vectorizer.transform(&words(&expected.documents));
    let problem = Problem::new(&features, &model.labels, classes).unwrap().with_tolerance(1e-9);
    let problem = match model.class_weights.is_empty() {
        true => problem,
        false => problem.with_class_weights(model.class_weights.clone()).unwrap(),
    };
    let fit = problem.fit(expected.c, None).unwrap();
    assert!(fit.relative_gradient <= 1e-9, "{fit:?}");
    let logits = fit.weights.logits(&vectorizer.transform(&words(&expected.unseen))).unwrap();
    (fit.weights, logits)
}

#[test]
fn two_classes_have_the_same_weights() {
    let expected = expected();
    for model in [&expected.two_classes, &expected.two_weighted_classes] {
        let (weights, logits) = fitted(&expected, model, 2);
        assert_close(weights.weights(), &model.coefficients[0], 1e-5);
        assert_close(weights.bias(), &model.biases, 1e-5);
        let ours: Vec<f32> = logits.iter().map(|row| row[1] - row[0]).collect();
        assert_close(&ours, &model.decisions, 1e-5);
    }
}

#[test]
fn three_classes_have_the_same_weights() {
    let expected = expected();
    for model in [&expected.three_classes, &expected.three_weighted_classes] {
        let (weights, logits) = fitted(&expected, model, 3);
        for class in 0..3 {
            assert_close(weights.weights().iter().skip(class).step_by(3), &model.coefficients[class], 1e-5);
        }
        assert_close(weights.bias(), &model.biases, 1e-5);
        assert_close(logits.iter().flatten(), model.decisions.iter().flatten(), 1e-5);
    }
}

#[test]
fn class_weights_are_one_for_each_class_and_above_0() {
    let features = Sparse::from_rows(1, &[vec![(0, 1.0)], vec![]]).unwrap();
    for (weights, is_possible) in [(vec![1.0, 2.0], true), (vec![1.0], false), (vec![1.0, 0.0], false)] {
        let problem = Problem::new(&features, &[0, 1], 2).unwrap();
        assert_eq!(problem.with_class_weights(weights).is_ok(), is_possible);
    }
}
