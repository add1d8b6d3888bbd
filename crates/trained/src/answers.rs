//! A model that predicts: a network, or TF-IDF with its weights.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use bert::Config;
use classifier::Model;
use classifier::device::Engine;
use tfidf::Classifier;
use tokens::Vocabulary;

/// A model from token ids to logits.
pub enum Answers {
    /// A network on the engine's device.
    Network {
        /// Its `config.json`, which counts kept blocks only.
        encoder: Box<Config>,
        /// The network, without gradients.
        model: Box<Model>,
    },
    /// TF-IDF, always on the CPU.
    Terms(Box<Terms>),
}

/// A TF-IDF classifier and the words of its tokenizer.
pub struct Terms {
    vocabulary: Vocabulary,
    classifier: Classifier,
}

/// Examples between two updates of the progress bar.
const EXAMPLES_AT_ONCE: usize = 1000;

impl Answers {
    /// The TF-IDF model in the model folder of a run.
    pub(crate) fn terms(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("terms.jsonl");
        let name = path.display().to_string();
        let file = records::regular(&path).and_then(File::open).with_context(|| format!("reading `{name}`"))?;
        let classifier = Classifier::read(&name, BufReader::with_capacity(1 << 20, file))?;
        Ok(Answers::Terms(Box::new(Terms { vocabulary: Vocabulary::load(folder)?, classifier })))
    }

    /// The encoder of a network.
    pub fn encoder(&self) -> Option<&Config> {
        match self {
            Answers::Network { encoder, .. } => Some(encoder),
            Answers::Terms(_) => None,
        }
    }

    /// The device of the computation.
    pub fn device<'a>(&self, engine: &'a Engine) -> &'a str {
        match self {
            Answers::Network { .. } => &engine.name,
            Answers::Terms(_) => "cpu",
        }
    }

    /// Logits `[C]` of each of `sequences`, in the same order. Each finished batch calls `done` with its number of
    /// examples.
    pub fn logits(
        &self,
        sequences: &[&[u32]],
        pad_token_id: u32,
        engine: &Engine,
        mut done: impl FnMut(usize),
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        match self {
            Answers::Network { model, .. } => {
                Ok(classifier::predict(model, sequences, pad_token_id, &engine.device, done))
            }
            Answers::Terms(terms) => {
                let answer = |sequences: &[&[u32]]| {
                    let words: Vec<Vec<String>> = sequences.iter().map(|ids| terms.vocabulary.words(ids)).collect();
                    done(sequences.len());
                    terms.classifier.logits(&words)
                };
                Ok(sequences.chunks(EXAMPLES_AT_ONCE).map(answer).collect::<Result<Vec<_>, _>>()?.concat())
            }
        }
    }
}
