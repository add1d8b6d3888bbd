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
    /// Last line; without it the stream is unfinished.
    End(End),
}

/// Which model is asked about which examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The run's id.
    pub run: String,
    /// The epoch whose model predicts.
    pub epoch: usize,
    /// Which examples.
    pub split: Split,
    /// How many will follow.
    pub examples: usize,
    /// The device that computed them.
    pub device: String,
}

/// What the model says of one example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The example's id.
    pub id: String,
    /// The true class; absent where nobody knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<usize>,
    /// The class with the largest logit.
    pub predicted: usize,
    /// The predicted class by its name, where a text was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_name: Option<String>,
    /// One number per class, not normalised.
    #[serde(deserialize_with = "finite")]
    pub logits: Vec<f32>,
    /// P: the tokens the model read, `[CLS]` and `[SEP]` included; absent in streams of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
}

/// Digits may say more than an f32 can hold, which would then be infinite.
fn finite<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f32>, D::Error> {
    let logits = Vec::<f32>::deserialize(from)?;
    let beyond = || D::Error::custom("a logit is beyond what a number can be");
    logits.iter().all(|logit| logit.is_finite()).then_some(logits).ok_or_else(beyond)
}

/// The score over all predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Predictions in the stream.
    pub examples: usize,
    /// Mean cross entropy in nats; absent where no labels are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Correct predictions over examples; absent where no labels are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Wall-clock time of predicting.
    pub seconds: f64,
}
