//! More than accuracy, from the predictions alone: what a model confuses, how it ranks, whether its confidence is true.

use serde::Serialize;

/// Means over the seeds of one configuration, on the test split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Quality {
    pub(crate) configuration: String,
    pub(crate) n_seeds: usize,
    pub(crate) accuracy: f64,
    pub(crate) macro_f1: f64,
    /// F1 of each class.
    pub(crate) f1: Vec<f64>,
    /// Area under the ROC curve; of more than two classes the mean of one against the rest.
    pub(crate) auc: Option<f64>,
    /// `[true class][predicted class]`, added up over the seeds.
    pub(crate) confusion: Vec<Vec<u64>>,
    /// Of the probabilities as the model gives them.
    pub(crate) raw: Calibration,
    /// What logits are divided by, fitted on validation; nothing without predictions of it.
    pub(crate) temperature: Option<f64>,
    /// Of the probabilities after that.
    pub(crate) tempered: Option<Calibration>,
    /// (coverage, risk): the error rate among that share of examples of which the model is most confident.
    pub(crate) risk_coverage: Vec<(f64, f64)>,
    /// Mean risk over all coverages.
    pub(crate) risk_area: f64,
    pub(crate) by_length: Vec<Slice>,
    pub(crate) by_rating: Vec<Slice>,
}

/// Whether probabilities are true.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Calibration {
    /// In nats.
    pub(crate) log_loss: f64,
    /// Half the squared distance between probabilities and truth: 0 to 1 for any number of classes.
    pub(crate) brier: f64,
    /// Expected calibration error.
    pub(crate) error: f64,
    /// Mean probability of the predicted class.
    pub(crate) confidence: f64,
    /// Examples by confidence, in bins of equal width; empty bins are left out.
    pub(crate) bins: Vec<Bin>,
}

/// Examples of about the same confidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Bin {
    pub(crate) confidence: f64,
    pub(crate) accuracy: f64,
    /// Added up over the seeds.
    pub(crate) examples: u64,
}

/// A part of the test split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Slice {
    pub(crate) name: String,
    pub(crate) examples: usize,
    pub(crate) accuracy: f64,
    pub(crate) confidence: f64,
}
