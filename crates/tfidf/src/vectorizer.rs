//! Documents to TF-IDF rows: scikit-learn's `TfidfVectorizer` on words.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::terms::{each_term, frequent};
use crate::{Config, Error, Sparse};

/// A vocabulary with the weight of each term. Words are used as they are and must not contain spaces.
#[derive(Debug, Clone)]
pub struct Vectorizer {
    config: Config,
    terms: Vec<String>,
    idf: Vec<f32>,
    columns: HashMap<String, u32>,
}

impl Vectorizer {
    /// The sorted terms of `documents`, each with `idf = ln((1 + n) / (1 + df)) + 1`, where `df` of `n` documents
    /// contain the term (`TfidfTransformer(smooth_idf=True)` of scikit-learn).
    ///
    /// # Errors
    /// No term is in `min_documents` of them: the vocabulary would be empty, which scikit-learn refuses, too.
    pub fn fit(documents: &[Vec<String>], config: &Config) -> Result<Vectorizer, Error> {
        let frequent = frequent(documents, config.words_per_term, config.min_documents);
        if frequent.is_empty() {
            let (min_documents, n_documents) = (config.min_documents, documents.len());
            return Err(Error::NoTerms { min_documents, n_documents });
        }
        let weigh = |df: usize| (((1 + documents.len()) as f64 / (1 + df) as f64).ln() + 1.0) as f32;
        let (terms, idf) = frequent.into_iter().map(|(term, df)| (term, weigh(df))).unzip();
        Ok(Vectorizer::index(config.clone(), terms, idf))
    }

    /// A stored vocabulary: `terms` strictly ascending by bytes, with one positive `idf` each.
    ///
    /// # Errors
    /// `terms` or `idf` violate these conditions.
    pub fn from_parts(config: Config, terms: Vec<String>, idf: Vec<f32>) -> Result<Vectorizer, Error> {
        if terms.len() != idf.len() {
            return Err(Error::Vocabulary(format!("{} terms, but {} idf weights", terms.len(), idf.len())));
        }
        if let Some(pair) = terms.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(Error::Vocabulary(format!(
                "`{}` follows `{}`, but terms must be sorted and distinct",
                pair[1], pair[0]
            )));
        }
        if let Some(term) = idf.iter().position(|idf| !idf.is_finite() || *idf <= 0.0) {
            return Err(Error::Vocabulary(format!("`{}` has idf {}, which must be above 0", terms[term], idf[term])));
        }
        Ok(Vectorizer::index(config, terms, idf))
    }

    fn index(config: Config, terms: Vec<String>, idf: Vec<f32>) -> Vectorizer {
        let columns = terms.iter().cloned().zip(0..).collect();
        Vectorizer { config, terms, idf, columns }
    }

    /// One row `[terms]` for each document: `tf · idf`, of unit length; empty if no term is known.
    pub fn transform(&self, documents: &[Vec<String>]) -> Sparse {
        let rows: Vec<Vec<(u32, f32)>> = documents.par_iter().map(|words| self.row(words)).collect();
        Sparse::from_sorted(self.terms.len(), &rows)
    }

    fn row(&self, words: &[String]) -> Vec<(u32, f32)> {
        let mut met = Vec::new();
        each_term(words, self.config.words_per_term, |term| met.extend(self.columns.get(term)));
        met.sort_unstable();
        let weighed = |same: &[u32]| (same[0], self.tf(same.len()) * f64::from(self.idf[same[0] as usize]));
        let row: Vec<(u32, f64)> = met.chunk_by(u32::eq).map(weighed).collect();
        let length = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        row.into_iter().map(|(column, value)| (column, (value / length) as f32)).collect()
    }

    fn tf(&self, occurrences: usize) -> f64 {
        if self.config.sublinear { 1.0 + (occurrences as f64).ln() } else { occurrences as f64 }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The terms, ascending; the index of a term is its column.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// The weight of each term.
    pub fn idf(&self) -> &[f32] {
        &self.idf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(texts: &[&str]) -> Vec<Vec<String>> {
        texts.iter().map(|text| text.split_whitespace().map(String::from).collect()).collect()
    }

    fn worked_by_hand() -> Vectorizer {
        let config = Config { words_per_term: 1, min_documents: 1, sublinear: true };
        Vectorizer::fit(&documents(&["good film", "bad film", "film"]), &config).unwrap()
    }

    #[test]
    fn an_empty_vocabulary_is_refused_and_names_the_setting() {
        for (texts, min_documents) in [(&["one", "two", "three", "four"][..], 2), (&["", ""], 1), (&[], 1)] {
            let config = Config { min_documents, ..Config::default() };
            let message = Vectorizer::fit(&documents(texts), &config).unwrap_err().to_string();
            let says = format!("no term is in `min_documents` = {min_documents} of the {} train texts;", texts.len());
            assert!(message.starts_with(&says), "{message}");
        }
    }

    #[test]
    fn idf_equals_a_hand_calculation() {
        let vectorizer = worked_by_hand();
        assert_eq!(vectorizer.terms(), ["bad", "film", "good"]);
        let rare = 2.0_f32.ln() + 1.0; // ln((1 + 3) / (1 + 1)) + 1; for all three documents ln(4 / 4) + 1
        assert_eq!(vectorizer.idf(), [rare, 1.0, rare]);
    }

    #[test]
    fn rows_equal_a_hand_calculation() {
        let rows = worked_by_hand().transform(&documents(&["film good film"]));
        let (film, good) = (1.0 + 2.0_f64.ln(), 1.0 + 2.0_f64.ln()); // tf 2 and idf 1; tf 1 and idf 1 + ln 2
        let length = film.hypot(good);
        let expected = [film / length, good / length];
        let (columns, values) = rows.row(0);
        assert_eq!(columns, [1, 2]);
        assert!(values.iter().zip(expected).all(|(value, expected)| (f64::from(*value) - expected).abs() < 1e-7));
    }

    #[test]
    fn unseen_words_are_ignored() {
        let vectorizer = worked_by_hand();
        let rows = vectorizer.transform(&documents(&["a film so good", "film good", "never met", ""]));
        assert_eq!(rows.row(0), rows.row(1));
        assert_eq!((rows.row(2).0.len(), rows.row(3).0.len()), (0, 0));
    }

    #[test]
    fn a_stored_vocabulary_gives_the_same_rows() {
        let (vectorizer, texts) = (worked_by_hand(), documents(&["bad film", "good"]));
        let (terms, idf) = (vectorizer.terms().to_vec(), vectorizer.idf().to_vec());
        let read = Vectorizer::from_parts(vectorizer.config().clone(), terms, idf).unwrap();
        assert_eq!(read.transform(&texts), vectorizer.transform(&texts));
    }

    #[test]
    fn a_damaged_vocabulary_is_refused() {
        let read = |terms: &[&str], idf: &[f32]| {
            let terms = terms.iter().map(|term| term.to_string()).collect();
            Vectorizer::from_parts(Config::default(), terms, idf.to_vec()).unwrap_err().to_string()
        };
        assert_eq!(read(&["a", "b"], &[1.0]), "vocabulary: 2 terms, but 1 idf weights");
        assert_eq!(
            read(&["b", "a"], &[1.0, 1.0]),
            "vocabulary: `a` follows `b`, but terms must be sorted and distinct"
        );
        assert_eq!(
            read(&["a", "a"], &[1.0, 1.0]),
            "vocabulary: `a` follows `a`, but terms must be sorted and distinct"
        );
        assert_eq!(read(&["a"], &[f32::NAN]), "vocabulary: `a` has idf NaN, which must be above 0");
    }
}
