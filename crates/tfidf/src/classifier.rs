//! A vectorizer with its fitted weights, and their file: JSON Lines with one term a line, so that `jq` can find the
//! words with the largest weights.

use std::io::{BufRead, Write};

use records::jsonl::{self, Reader};
use serde::{Deserialize, Serialize};

use crate::logistic::Weights;
use crate::{Config, Vectorizer};

/// From words to logits.
#[derive(Debug, Clone)]
pub struct Classifier {
    /// Words to rows.
    pub vectorizer: Vectorizer,
    /// Rows to logits.
    pub weights: Weights,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Begin { config: Config, classes: usize, bias: Vec<f32> },
    Term { term: String, idf: f32, weights: Vec<f32> },
    End { terms: usize },
}

impl Classifier {
    /// Logits `[classes]` of each document.
    pub fn logits(&self, documents: &[Vec<String>]) -> Result<Vec<Vec<f32>>, crate::Error> {
        self.weights.logits(&self.vectorizer.transform(documents))
    }

    /// Write the line `begin`, one line for each term, and `end`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, output: &mut impl Write) -> std::io::Result<()> {
        let Classifier { vectorizer, weights } = self;
        let (config, classes, bias) = (vectorizer.config().clone(), weights.classes(), weights.bias().to_vec());
        let outputs = bias.len();
        jsonl::write(output, &Line::Begin { config, classes, bias })?;
        let terms = vectorizer.terms().iter().zip(vectorizer.idf()).zip(weights.weights().chunks(outputs));
        for ((term, &idf), weights) in terms {
            jsonl::write(output, &Line::Term { term: term.clone(), idf, weights: weights.to_vec() })?;
        }
        jsonl::write(output, &Line::End { terms: vectorizer.terms().len() })
    }

    /// Read the file of [`Classifier::write`]; `name` names the input in errors.
    ///
    /// # Errors
    /// A line is damaged, or the stream has no `end`.
    pub fn read(name: &str, input: impl BufRead) -> Result<Self, records::Error> {
        let mut lines = Reader::<Line, _>::new(name, input);
        let (mut begun, mut terms, mut idf, mut weights) = (None, Vec::new(), Vec::new(), Vec::new());
        while let Some(line) = lines.next().transpose()? {
            match (line, &begun) {
                (Line::Begin { config, classes, bias }, None) => begun = Some((config, classes, bias)),
                (Line::Term { term, idf: weight, weights: outputs }, Some((_, _, bias)))
                    if outputs.len() == bias.len() =>
                {
                    terms.push(term);
                    idf.push(weight);
                    weights.extend(outputs);
                }
                (Line::End { terms: n }, Some(_)) if n == terms.len() => {
                    let Some((config, classes, bias)) = begun else { break };
                    let whole = Vectorizer::from_parts(config, terms, idf)
                        .and_then(|vectorizer| Ok((vectorizer, Weights::from_parts(classes, weights, bias)?)));
                    let (vectorizer, weights) = whole.map_err(|e| lines.error(e.to_string()))?;
                    return Ok(Classifier { vectorizer, weights });
                }
                _ => return Err(lines.error("is not the expected line; train the run again")),
            }
        }
        Err(lines.error("no `end`: the file is cut short; train the run again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic;

    fn classifier(classes: usize) -> (Classifier, Vec<Vec<String>>) {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let documents: Vec<_> = ["a good film", "a bad \"film\"", "fine \u{e9}"].map(words).into();
        let vectorizer = Vectorizer::fit(&documents, &Config { min_documents: 1, ..Config::default() }).unwrap();
        let labels = [0, 1, classes - 1];
        let weights = logistic::fit(&vectorizer.transform(&documents), &labels, classes, 3.3, None).unwrap();
        (Classifier { vectorizer, weights }, documents)
    }

    fn written(classifier: &Classifier) -> String {
        let mut bytes = Vec::new();
        classifier.write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_written_classifier_reads_back_bit_for_bit() {
        for classes in [2, 3] {
            let (classifier, documents) = classifier(classes);
            let read = Classifier::read("it", written(&classifier).as_bytes()).unwrap();
            assert_eq!(read.weights, classifier.weights);
            assert_eq!(read.logits(&documents).unwrap(), classifier.logits(&documents).unwrap());
        }
    }

    #[test]
    fn a_cut_or_damaged_file_is_refused_by_line() {
        let whole = written(&classifier(2).0);
        let cut = whole.rsplit_once("{\"type\":\"end\"").unwrap().0;
        let refused = |text: &str| Classifier::read("it", text.as_bytes()).unwrap_err().to_string();
        assert!(refused(cut).contains("cut short"), "{}", refused(cut));
        assert!(refused("").contains("cut short"));
        let lost: Vec<&str> = whole.lines().enumerate().filter(|(n, _)| *n != 2).map(|(_, line)| line).collect();
        assert!(refused(&lost.join("\n")).contains("is not the expected line"));
        assert!(refused(&whole.replacen("\"idf\":", "\"idf\":-", 1)).contains("has idf -"));
    }
}
