//! Whether predictions agree with the metrics and with their own end, and latencies are possible.

use anyhow::Result;
use records::Latency;

use super::require;
use crate::format::counted;
use crate::outcomes::Outcomes;
use crate::runs::Run;
use crate::streams::Predictions;

const PREDICT_AGAIN: &str = "remove the predictions, then run make";

/// Accuracies of the same predictions differ by less than this, whatever the order of summing.
const ROUNDING: f64 = 1e-9;

/// Losses of the same logits differ by less than this share of 1 + the largest logit, in single or double precision.
const OTHER_PRECISION: f64 = 1e-6;

/// Losses of one model on two machines differ by less than this share of 1 + loss.
const OTHER_MACHINE: f64 = 1e-3;

/// A device other than the one that trained, or CUDA, may answer this share of the examples differently.
const OTHER_DEVICE: f64 = 0.002;

/// Predictions are of the chosen epoch, and agree with the metrics and with their own end.
///
/// # Errors
/// They do not.
pub(crate) fn predicted(run: &Run, predictions: &Predictions) -> Result<()> {
    let Predictions { begin, outcomes, end } = predictions;
    let (chosen, epoch, split, n) = (run.chosen_epoch(), begin.epoch, begin.split, outcomes.len());
    let recorded = run.chosen(split);
    let examples = recorded.map_or(n, |recorded| recorded.examples);
    let same_device = begin.device == run.training.begin.provenance.device && !begin.device.starts_with("cuda");
    let (accuracy, loss) = (outcomes.accuracy(), outcomes.loss());
    let near = if same_device { ROUNDING } else { OTHER_DEVICE };
    let near_loss = if same_device { OTHER_MACHINE } else { f64::INFINITY };
    let agrees = |what: &str, here: f64, who: &str, there: Option<f64>, near: f64| {
        let there = there.unwrap_or(here);
        ((there - here).abs() <= near, format!("the predictions give a {split} {what} of {here}, but {who} {there}"))
    };
    let (metrics, own_end) = ("the metrics record", "their own `end` records");
    let rules = [
        (epoch == chosen, format!("the predictions are of epoch {epoch}, but epoch {chosen} was chosen")),
        (
            n == examples,
            format!("the file has {}, but the metrics record {examples}", counted(n, &format!("{split} prediction"))),
        ),
        agrees("accuracy", accuracy, own_end, end.accuracy, ROUNDING),
        agrees("accuracy", accuracy, metrics, recorded.map(|recorded| recorded.accuracy), near),
        agrees("loss", loss, own_end, end.loss, OTHER_PRECISION * (1.0 + outcomes.largest_logit())),
        agrees("loss", loss, metrics, recorded.map(|recorded| recorded.loss), near_loss * (1.0 + loss)),
    ];
    require(rules, PREDICT_AGAIN)
}

/// No example belongs to both test and validation; both are sorted by id.
///
/// # Errors
/// One does.
pub(crate) fn apart<'a>(test: &'a Outcomes, validation: &'a Outcomes) -> Result<()> {
    let ids = |of: &'a Outcomes| (0..of.len()).map(|example| of.examples().id(example));
    let mut others = ids(test).peekable();
    let in_both = ids(validation).find(|id| {
        while others.next_if(|other| other < id).is_some() {}
        others.peek() == Some(id)
    });
    let id = in_both.unwrap_or_default();
    require(
        [(in_both.is_none(), format!("`{id}` is predicted both as a test and as a validation example"))],
        PREDICT_AGAIN,
    )
}

/// Latencies must be positive and finite.
///
/// # Errors
/// One is not.
pub(crate) fn measured(latency: &Latency) -> Result<()> {
    let Latency { run, mean_tokens, p50_seconds, p95_seconds, examples_per_second, .. } = latency;
    let all = [mean_tokens, p50_seconds, p95_seconds, examples_per_second];
    let holds = all.into_iter().all(|number| (1e-12..1e12).contains(number));
    let fault = format!("run `{run}`: values in `latency.json` are out of range");
    require([(holds, fault)], "delete the file, then run `make latency`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_latency_out_of_range_is_refused() {
        let read = |seconds: f64| {
            let latency: Latency = serde_json::from_value(json!({
                "run": "2VA-s1", "warm_up": 1, "repetitions": 1, "mean_tokens": 9, "p50_seconds": seconds, "p95_seconds": 0.1,
                "examples_per_second": 9, "batch_size": 1,
                "provenance": {"commit": "", "burn": "", "libtorch": "", "device": "", "hardware": "", "threads": 1},
            }))
            .unwrap();
            measured(&latency)
        };
        assert!(read(0.1).is_ok());
        for seconds in [-0.0, 0.0, 1e308, -1.0] {
            let message = read(seconds).unwrap_err().to_string();
            assert!(
                message.contains("run `2VA-s1`: values in `latency.json` are out of range: delete the file"),
                "{message}"
            );
        }
    }
}
