//! TF-IDF over words and word pairs, and logistic regression on it: the baseline without a network.
//!
//! ```
//! use tfidf::{Config, Vectorizer, logistic};
//!
//! let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
//! let train = [words("a good film"), words("a bad film"), words("good fun"), words("bad , bad")];
//! let vectorizer = Vectorizer::fit(&train, &Config { min_documents: 1, ..Config::default() })?;
//! let features = vectorizer.transform(&train);
//!
//! let weights = logistic::fit(&features, &[1, 0, 1, 0], 2, 4.0, None)?;
//! let logits = weights.logits(&vectorizer.transform(&[words("so good")]))?;
//! assert!(logits[0][1] > logits[0][0]);
//! # Ok::<(), tfidf::Error>(())
//! ```
//!
//! All work runs on rayon's thread pool. The results are bit-equal for any number of threads: one thread sums each
//! entry of a product in a fixed order, and sums over all entries go by fixed chunks.

mod classifier;
mod config;
mod error;
pub mod logistic;
mod sparse;
mod terms;
mod vectorizer;

pub use classifier::Classifier;
pub use config::Config;
pub use error::Error;
pub use sparse::Sparse;
pub use vectorizer::Vectorizer;
