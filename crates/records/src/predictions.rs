//! Begin, Prediction, End: the evaluation stream.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Split;

/// One line of `predictions.test.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record {
    /// First line.
    Begin(Begin),
    /// One example.
    Prediction(Prediction),
    /// Last line; a stream without it is unfinished.
    End(End),
}

/// The model and the examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The run's id.
    pub run: String,
    /// The epoch whose model predicts.
    pub epoch: usize,
    /// The split.
    pub split: Split,
    /// Predictions that follow.
    pub examples: usize,
    /// The device that computes them.
    pub device: String,
}

/// The answer of the model to one example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The example's id.
    pub id: String,
    /// The true class; absent if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<usize>,
    /// The class with the largest logit.
    pub predicted: usize,
    /// The name of the predicted class, for the answer to a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_name: Option<String>,
    /// One number per class, not normalised.
    #[serde(deserialize_with = "finite")]
    pub logits: Vec<f32>,
    /// Tokens that the model read, with `[CLS]` and `[SEP]`; absent in streams of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
}

/// Refuse digits that exceed an f32, which would be read as infinite.
fn finite<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f32>, D::Error> {
    let logits = Vec::<f32>::deserialize(from)?;
    let beyond = || D::Error::custom("a logit exceeds the range of a 32-bit float; predict again");
    logits.iter().all(|logit| logit.is_finite()).then_some(logits).ok_or_else(beyond)
}

/// The score of all predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Predictions in the stream.
    pub examples: usize,
    /// Mean cross entropy in nats; absent if no labels are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Correct predictions over examples; absent if no labels are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Wall-clock time of predicting.
    pub seconds: f64,
}
