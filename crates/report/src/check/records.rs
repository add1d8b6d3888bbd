//! Whether the records of one run agree: a training stream with its configuration and with itself, line by line and at
//! its end, and predictions with the metrics.

use anyhow::Result;
use records::metrics::{Begin, End, Epoch};
use records::{Latency, Split};
use study::MOST_BLOCKS;

use super::require;
use crate::outcomes::Outcomes;
use crate::runs::Run;
use crate::streams::Predictions;

const TRAIN_AGAIN: &str = "remove the run's folder, then run make";

const PREDICT_AGAIN: &str = "remove the predictions, then run make";

/// Accuracies of the same predictions differ by less than this, whatever the order of summing.
const ROUNDING: f64 = 1e-9;

/// Losses of the same logits differ by less than this share of 1 + the largest logit, in single or double precision.
const OTHER_PRECISION: f64 = 1e-6;

/// Losses of one model on two machines differ by less than this share of 1 + loss.
const OTHER_MACHINE: f64 = 1e-3;

/// A device other than the one that trained, or CUDA, may answer this share of the examples differently.
const OTHER_DEVICE: f64 = 0.002;

/// The longest time that a run may record, in seconds: 30 years.
const LONGEST: f64 = 1e9;

/// The kept blocks are those that the configuration chooses.
///
/// # Errors
/// They are others, or the encoder has no such blocks.
pub(crate) fn begun(begin: &Begin) -> Result<()> {
    let (depth, choice) = (begin.encoder_blocks, &begin.configuration.blocks);
    let deep = format!("`encoder_blocks` is {depth}, but the limit is {MOST_BLOCKS}");
    require([(depth <= MOST_BLOCKS, deep)], TRAIN_AGAIN)?;
    let same = begin.blocks == choice.indices(depth)?;
    require([(same, format!("`blocks` differ from the `{choice}` of {depth} in the configuration"))], TRAIN_AGAIN)
}

/// A score belongs to the next epoch of its split, and counts as many examples as the scores before it.
///
/// # Errors
/// It belongs to another epoch, its accuracy is no fraction, or it counts another number of examples.
pub(crate) fn follows(begin: &Begin, before: &[Epoch], new: &Epoch) -> Result<()> {
    let &Epoch { epoch, split, accuracy, examples: now, seconds, .. } = new;
    let (asked, last) = (begin.configuration.epochs, last(before, split));
    let next = last.map_or(1, |last| last.epoch + 1);
    let examples = last.filter(|_| split != Split::Train).map_or(now, |last| last.examples);
    let rules = [
        ((1..=asked).contains(&epoch), format!("`epoch` is {epoch}, but the configuration has {asked} epochs")),
        (epoch == next, format!("the {split} score is of epoch {epoch}, but epoch {next} comes next")),
        (now == examples, format!("epoch {epoch} has {now} {split} examples, but the one before has {examples}")),
        ((0.0..=1.0).contains(&accuracy), format!("`accuracy` is {accuracy}, which is not between 0 and 1")),
        lasted(seconds),
    ];
    require(rules, TRAIN_AGAIN)
}

/// Every split that was scored was scored after each epoch, and the best epoch was chosen.
///
/// # Errors
/// Epochs are missing or too many, or another epoch was better.
pub(crate) fn ended(begin: &Begin, epochs: &[Epoch], end: &End) -> Result<()> {
    let (asked, trained, chosen) = (begin.configuration.epochs, end.epochs, end.best_epoch);
    let scored = |split: Split| {
        let scored = last(epochs, split).map_or(asked, |last| last.epoch);
        (scored == asked, format!("the {split} scores end with epoch {scored} of {asked}"))
    };
    let best = best(epochs).map_or((chosen, Split::Test), |best| (best.epoch, best.split));
    let rules = [
        lasted(end.seconds),
        (trained == asked, format!("`epochs` is {trained}, but the configuration has {asked} epochs")),
        scored(Split::Train),
        scored(Split::Validation),
        scored(Split::Test),
        ((1..=asked).contains(&chosen), format!("`best_epoch` is {chosen}, but there are {asked} epochs")),
        (chosen == best.0, format!("`best_epoch` is {chosen}, but epoch {} is the best on {}", best.0, best.1)),
    ];
    require(rules, TRAIN_AGAIN)
}

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
        (n == examples, format!("there are {n} {split} predictions, but the metrics record {examples}")),
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

/// Durations must be positive and below [`LONGEST`].
fn lasted(seconds: f64) -> (bool, String) {
    ((0.0..LONGEST).contains(&seconds), format!("`seconds` is {seconds}, which is not between 0 and 1e9"))
}

fn last(epochs: &[Epoch], split: Split) -> Option<&Epoch> {
    epochs.iter().rev().find(|epoch| epoch.split == split)
}

/// As `train` chooses: the higher accuracy, then the lower loss, then the earlier epoch; on test where nothing was held out.
fn best(epochs: &[Epoch]) -> Option<&Epoch> {
    let better = |best, later| if rank(later) > rank(best) { later } else { best };
    let of = |split| epochs.iter().filter(move |epoch| epoch.split == split).reduce(better);
    of(Split::Validation).or_else(|| of(Split::Test))
}

fn rank(epoch: &Epoch) -> (f64, f64) {
    (epoch.accuracy, -epoch.loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::fixture::Made;
    use crate::sources::from_text;

    /// The lines of three epochs, four each, after `begin`, with one changed.
    fn changed(line: usize, from: &str, to: &str) -> String {
        let text = Made::new("2VA", 1).metrics();
        let changed = text.lines().enumerate().map(|(index, found)| match index + 1 == line {
            true => found.replace(from, to) + if to.is_empty() { "" } else { "\n" },
            false => format!("{found}\n"),
        });
        let changed: String = changed.collect();
        assert_ne!(changed, text, "{from}");
        changed
    }

    fn refused(cases: &[(String, &str)]) {
        for (text, says) in cases {
            let message = format!("{:#}", from_text(text).unwrap_err());
            assert!(message.starts_with("`it`, ") && message.contains(says), "{message}");
        }
    }

    #[test]
    fn repeated_missing_and_mismatched_scores_are_refused_by_line() {
        let text = Made::new("2VA", 1).metrics();
        let whole = |line: usize| text.lines().nth(line - 1).unwrap();
        let twice = format!("{0}\n{0}", whole(5));
        refused(&[
            (changed(3, "\"seconds\":", "\"seconds\":-"), "line 3: `seconds` is -"),
            (
                changed(3, "\"epoch\":1", "\"epoch\":4294967295"),
                "line 3: `epoch` is 4294967295, but the configuration has 3 epochs: remove",
            ),
            (
                changed(3, "\"epoch\":1", "\"epoch\":0"),
                "line 3: `epoch` is 0, but the configuration has 3 epochs: remove",
            ),
            (changed(5, whole(5), &twice), "line 6: the test score is of epoch 1, but epoch 2 comes next: remove"),
            (changed(9, whole(9), ""), "line 12: the test score is of epoch 3, but epoch 2 comes next"),
            (changed(12, whole(12), ""), "line 13: the validation scores end with epoch 2 of 3: remove"),
            (
                changed(8, "\"examples\":40", "\"examples\":4"),
                "line 8: epoch 2 has 4 validation examples, but the one before has 40",
            ),
        ]);
    }

    #[test]
    fn a_begin_or_end_that_contradicts_the_configuration_is_refused_by_line() {
        refused(&[
            (
                changed(14, "\"epochs\":3", "\"epochs\":2"),
                "line 14: `epochs` is 2, but the configuration has 3 epochs: remove",
            ),
            (
                changed(14, "\"best_epoch\":2", "\"best_epoch\":3"),
                "line 14: `best_epoch` is 3, but epoch 2 is the best on validation",
            ),
            (
                changed(14, "\"best_epoch\":2", "\"best_epoch\":0"),
                "line 14: `best_epoch` is 0, but there are 3 epochs: remove",
            ),
            (
                changed(1, "\"blocks\":[0,1]", "\"blocks\":[0]"),
                "line 1: `blocks` differ from the `0,1` of 4 in the configuration: remove",
            ),
            (
                changed(1, "\"encoder_blocks\":4", "\"encoder_blocks\":1"),
                "line 1: blocks `0,1`: the encoder has 1 blocks",
            ),
            (
                changed(1, "\"encoder_blocks\":4", "\"encoder_blocks\":18446744073709551615")
                    .replace("\"0,1\"", "\"every:1\""),
                "line 1: `encoder_blocks` is 18446744073709551615, but the limit is 1000",
            ),
        ]);
    }

    #[test]
    fn an_unfinished_stream_is_checked_only_against_earlier_lines() {
        let text = Made::new("2VA", 1).metrics();
        let cut = text.lines().take(9).collect::<Vec<_>>().join("\n");
        let message = from_text(&cut).unwrap_err().to_string();
        assert!(message.contains("have no `end`"), "{message}");
    }

    #[test]
    fn the_best_epoch_is_the_one_train_chooses() {
        let scored = |split, scores: &[(f64, f64)]| -> Vec<Epoch> {
            let epoch = |(index, &(accuracy, loss)): (usize, &(f64, f64))| Epoch {
                epoch: index + 1,
                split,
                loss,
                accuracy,
                examples: 9,
                seconds: 1.0,
            };
            scores.iter().enumerate().map(epoch).collect()
        };
        let chosen = |scores: &[(f64, f64)]| {
            let epochs = scored(Split::Validation, scores);
            best(&epochs).map(|best| best.epoch)
        };
        assert_eq!(chosen(&[(0.8, 0.1), (0.9, 0.9), (0.7, 0.0)]), Some(2));
        assert_eq!(chosen(&[(0.8, 0.5), (0.8, 0.4), (0.8, 0.4)]), Some(2));
        assert_eq!(chosen(&[(0.8, 0.5), (0.8, 0.5)]), Some(1));
        let test = scored(Split::Test, &[(0.1, 1.0), (0.2, 1.0)]);
        assert_eq!(best(&test).map(|best| (best.split, best.epoch)), Some((Split::Test, 2)));
        let both = [test, scored(Split::Validation, &[(0.2, 1.0), (0.1, 1.0)])].concat();
        assert_eq!(best(&both).map(|best| (best.split, best.epoch)), Some((Split::Validation, 1)));
        assert!(best(&scored(Split::Train, &[(0.1, 1.0)])).is_none());
    }

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
