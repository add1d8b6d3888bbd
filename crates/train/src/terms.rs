//! TF-IDF over words and word pairs with logistic regression, fitted exactly instead of step by step.
//!
//! A run fits every [`Strength`] of the penalty in turn, and each fit starts at the end of the last. The records count a
//! strength as an epoch: the best one is chosen on validation as in any other run. All fits take seconds to two minutes,
//! so an interrupted run starts over; it ends with the same bytes.

use std::time::Instant;

use anyhow::{Context, ensure};
use classifier::Score;
use classifier::device::Engine;
use console::Progress;
use records::metrics::{Begin, Epoch, Metric};
use records::run_dir::RunDir;
use records::shards::Example;
use records::{Provenance, Split, publish};
use serde::Deserialize;
use serde_json::{Value, json};
use study::{Component, Configuration, ModelKind, with_nearest};
use tfidf::logistic::{Problem, Weights};
use tfidf::{Classifier, Config, Sparse, Vectorizer};
use tokens::Vocabulary;

use crate::beginning;
use crate::checkpoint::Best;
use crate::inputs::RunInputs;
use crate::published::{self, Outcome};

const TF_IDF: &str = ModelKind::TF_IDF;

/// The settings for counting words and for the fit. Of the configuration, only `blocks`, `class_weights`, `epochs`,
/// `head` and `optimizer` are read; settings of networks, such as `dropout` or `schedule`, have no effect.
#[derive(Debug)]
pub(crate) struct Recipe {
    config: Config,
    newton: Newton,
}

/// `{ kind = "newton" }`: the strengths of the penalty, C = `first_c` · `factor`^(number − 1).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Newton {
    #[serde(default = "first_c")]
    first_c: f64,
    #[serde(default = "factor")]
    factor: f64,
}

/// A strength of the penalty; the smaller C, the stronger.
#[derive(Debug, Clone, Copy)]
struct Strength {
    /// Its number from 1 on, the epoch of its scores in the records.
    number: usize,
    c: f64,
}

fn first_c() -> f64 {
    0.5
}

fn factor() -> f64 {
    2.0
}

impl Recipe {
    pub(crate) fn new(configuration: &Configuration) -> anyhow::Result<Self> {
        ensure!(
            configuration.blocks.to_string() == "none",
            "model `{TF_IDF}` reads words, not blocks: use `blocks = \"none\"`"
        );
        let slip = |part: &str, e: serde_json::Error| anyhow::Error::msg(with_nearest(format!("{part}: {e}")));
        let options = |part: &Component| Value::Object(part.options.clone());
        let config: Config =
            serde_json::from_value(options(&configuration.head)).map_err(|e| slip("model `tf-idf`", e))?;
        let kind = &configuration.optimizer.kind;
        ensure!(kind == "newton", "optimizer: model `{TF_IDF}` is fitted by `newton`, not by `{kind}`");
        let newton: Newton =
            serde_json::from_value(options(&configuration.optimizer)).map_err(|e| slip("optimizer `newton`", e))?;
        ensure!((1..=5).contains(&config.words_per_term), "model `{TF_IDF}`: `words_per_term` must be from 1 to 5");
        let positive = |number: f64| number.is_finite() && number > 0.0;
        ensure!(
            positive(newton.first_c) && positive(newton.factor),
            "optimizer: `first_c` and `factor` must be above 0"
        );
        Ok(Recipe { config, newton })
    }

    fn strength(&self, number: usize) -> Strength {
        Strength { number, c: self.newton.first_c * self.newton.factor.powi(number as i32 - 1) }
    }
}

/// One split as rows of features.
struct Rows {
    split: Split,
    features: Sparse,
    labels: Vec<usize>,
}

/// Fit the configuration of `inputs`, and write the same files to `folder` as any run.
pub(crate) fn run(inputs: &RunInputs, recipe: &Recipe, folder: &RunDir) -> anyhow::Result<()> {
    let vocabulary = Vocabulary::load(&inputs.model_folder)?;
    let words = |examples: &[Example]| examples.iter().map(|e| vocabulary.words(&e.input_ids)).collect::<Vec<_>>();
    let documents = words(&inputs.train);
    let vectorizer = Vectorizer::fit(&documents, &recipe.config).with_context(|| inputs.configuration.id.clone())?;
    let rows = |split, examples: &[Example], documents: &[Vec<String>]| Rows {
        split,
        features: vectorizer.transform(documents),
        labels: examples.iter().map(|example| example.label).collect(),
    };
    let train = rows(Split::Train, &inputs.train, &documents);
    drop(documents);
    let scored = [(Split::Validation, &inputs.validation), (Split::Test, &inputs.test)];
    let scored = scored.into_iter().filter(|(_, examples)| !examples.is_empty());
    let scored: Vec<Rows> = scored.map(|(split, examples)| rows(split, examples, &words(examples))).collect();
    let (weights, lines, outcome) = fit(inputs, recipe, &train, &scored)?;
    let parameters = weights.weights().len() + weights.bias().len();
    let mut metrics = beginning::start_run(inputs, folder, begin(inputs, parameters)?)?;
    lines.into_iter().try_for_each(|line| metrics.write(&Metric::Epoch(line)))?;
    publish_model(inputs, folder, &Classifier { vectorizer, weights }, &outcome)?;
    published::finish(inputs, folder, &mut metrics, &outcome)
}

/// Fit every strength in turn: the chosen weights, all scores, and the outcome.
fn fit(
    inputs: &RunInputs,
    recipe: &Recipe,
    train: &Rows,
    scored: &[Rows],
) -> anyhow::Result<(Weights, Vec<Epoch>, Outcome)> {
    let epochs = inputs.configuration.epochs;
    let classes = inputs.manifest.labels.len();
    let class_weights = inputs.class_weights.clone().unwrap_or_else(|| vec![1.0; classes]);
    let problem = Problem::new(&train.features, &train.labels, classes)?.with_class_weights(class_weights)?;
    let progress = Progress::new(epochs as u64, "epochs");
    progress.prefix(&inputs.configuration.id);
    let (mut lines, mut best, mut last, mut seconds) = (Vec::new(), None::<(Best, Weights)>, None, 0.0);
    for strength in (1..=epochs).map(|number| recipe.strength(number)) {
        let start = Instant::now();
        let weights = problem.fit(strength.c, last.as_ref())?.weights;
        let fitted = start.elapsed().as_secs_f64();
        let score = |rows| score(strength.number, rows, &weights);
        let mut scores = vec![Epoch { seconds: fitted, ..score(train)? }];
        scores.extend(scored.iter().map(score).collect::<anyhow::Result<Vec<_>>>()?);
        log_scores(inputs, strength, &scores, &progress);
        seconds += scores.iter().map(|score| score.seconds).sum::<f64>();
        best = better(best, inputs.chooses(), &scores, &weights);
        lines.extend(scores);
        last = Some(weights);
    }
    let (best, weights) = best.context("a run has at least one epoch")?;
    Ok((weights, lines, Outcome { epochs, best, seconds }))
}

fn score(epoch: usize, rows: &Rows, weights: &Weights) -> anyhow::Result<Epoch> {
    let start = Instant::now();
    let (mut score, logits) = (Score::default(), weights.logits(&rows.features)?);
    logits.iter().zip(&rows.labels).for_each(|(logits, &label)| score.add(logits, label));
    let (loss, accuracy, examples) = (score.loss(), score.accuracy(), score.examples());
    Ok(Epoch { epoch, split: rows.split, loss, accuracy, examples, seconds: start.elapsed().as_secs_f64() })
}

fn better(best: Option<(Best, Weights)>, chooses: Split, scores: &[Epoch], now: &Weights) -> Option<(Best, Weights)> {
    let score = scores.iter().find(|score| score.split == chooses)?;
    let new = Best { epoch: score.epoch, accuracy: score.accuracy, loss: score.loss };
    match best {
        Some((old, weights)) if old.or(new) == old => Some((old, weights)),
        _ => Some((new, now.clone())),
    }
}

fn log_scores(inputs: &RunInputs, Strength { number, c }: Strength, scores: &[Epoch], progress: &Progress) {
    let of = |score: &Epoch| format!("{} {:.2} % (loss {:.4})", score.split, 100.0 * score.accuracy, score.loss);
    let words: Vec<String> = scores.iter().map(of).collect();
    let id = &inputs.configuration.id;
    progress.suspend(|| log::info!("{id}: epoch {number}, C {c}: {}", words.join(", ")));
    progress.add(1);
}

fn publish_model(
    inputs: &RunInputs,
    folder: &RunDir,
    classifier: &Classifier,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let config = json!({
        "model_type": TF_IDF,
        "id2label": published::id2label(&inputs.manifest.labels),
        "fathom": {
            "run": inputs.configuration.id,
            "epoch": outcome.best.epoch,
            "head": inputs.configuration.head,
            "data": inputs.manifest.data,
        },
    });
    publish::dir(&folder.model(), |out| -> anyhow::Result<()> {
        published::tokenizer(inputs, out)?;
        publish::bytes(&out.join("config.json"), (serde_json::to_string_pretty(&config)? + "\n").as_bytes())?;
        Ok(publish::file(&out.join("terms.jsonl"), |output| classifier.write(output))?)
    })
}

fn begin(inputs: &RunInputs, parameters: usize) -> anyhow::Result<Begin> {
    Ok(Begin {
        run: inputs.configuration.id.clone(),
        configuration: inputs.configuration.clone(),
        shards_sha256: inputs.shards_sha256.clone(),
        provenance: Provenance {
            burn: "none".to_owned(),
            libtorch: "none".to_owned(),
            device: "cpu".to_owned(),
            threads: rayon::current_num_threads(),
            ..trained::provenance(&Engine::open("flex")?, env!("FATHOM_COMMIT"))
        },
        parameters,
        blocks: Vec::new(),
        encoder_blocks: inputs.encoder.num_hidden_layers,
    })
}
