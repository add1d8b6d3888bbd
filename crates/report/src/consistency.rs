//! Whether a training stream agrees with its configuration and with itself, line by line and at its end.

use anyhow::{Result, ensure};
use records::metrics::{Begin, End, Epoch};
use records::{Latency, Split};

use crate::outcomes::Outcomes;

/// Choices such as `every:2` are counted out, so their depth has an end; `bert` reads no deeper encoder.
const MOST_BLOCKS: usize = 1_000;

const AGAIN: &str = "remove the run's folder, then run make";

const PREDICT_AGAIN: &str = "remove the predictions and run make again";

/// The kept blocks are those that the configuration chooses.
///
/// # Errors
/// They are others, or the encoder has none such.
pub(crate) fn begun(begin: &Begin) -> Result<()> {
    let (depth, choice) = (begin.encoder_blocks, &begin.configuration.blocks);
    ensure!(depth <= MOST_BLOCKS, "`encoder_blocks` is {depth}, but at most {MOST_BLOCKS} may be: {AGAIN}");
    let chosen = choice.indices(depth)?;
    let same = begin.blocks == chosen;
    ensure!(same, "`blocks` are not the `{choice}` of {depth} that the configuration asks for: {AGAIN}");
    Ok(())
}

/// A score is of the epoch that comes next in its split, and over as many examples as before.
///
/// # Errors
/// It is of another epoch, of one the configuration does not have, or over another number of examples.
pub(crate) fn follows(begin: &Begin, before: &[Epoch], new: &Epoch) -> Result<()> {
    let (epoch, split, asked) = (new.epoch, new.split, begin.configuration.epochs);
    ensure!((1..=asked).contains(&epoch), "`epoch` is {epoch}, but the configuration has {asked} of them: {AGAIN}");
    let last = last(before, split);
    let next = last.map_or(1, |last| last.epoch + 1);
    ensure!(epoch == next, "the {split} score of epoch {epoch} stands where that of epoch {next} belongs: {AGAIN}");
    let examples = last.filter(|_| split != Split::Train).map_or(new.examples, |last| last.examples);
    let now = new.examples;
    ensure!(now == examples, "{now} {split} examples in epoch {epoch}, but {examples} in the one before: {AGAIN}");
    lasted(new.seconds)
}

/// What was scored at all was scored after every epoch, and the best of them was chosen.
///
/// # Errors
/// Epochs are missing or too many, or another one was better.
pub(crate) fn ended(begin: &Begin, epochs: &[Epoch], end: &End) -> Result<()> {
    let (asked, trained, chosen) = (begin.configuration.epochs, end.epochs, end.best_epoch);
    lasted(end.seconds)?;
    ensure!(trained == asked, "`epochs` is {trained}, but the configuration has {asked} of them: {AGAIN}");
    for split in [Split::Train, Split::Validation, Split::Test] {
        let scored = last(epochs, split).map_or(asked, |last| last.epoch);
        ensure!(scored == asked, "the {split} scores end with epoch {scored} of {asked}: {AGAIN}");
    }
    ensure!((1..=asked).contains(&chosen), "`best_epoch` is {chosen}, but there are {asked} epochs: {AGAIN}");
    let Some(best) = best(epochs) else { return Ok(()) };
    let (epoch, split) = (best.epoch, best.split);
    ensure!(chosen == epoch, "`best_epoch` is {chosen}, but epoch {epoch} is the best on {split}: {AGAIN}");
    Ok(())
}

/// No example is of test and of validation.
///
/// # Errors
/// One is; both have their examples sorted by id.
pub(crate) fn apart<'a>(test: &'a Outcomes, validation: &'a Outcomes) -> Result<()> {
    let ids = |of: &'a Outcomes| (0..of.len()).map(|example| of.examples().id(example));
    let mut others = ids(test).peekable();
    let in_both = ids(validation).find(|id| {
        while others.next_if(|other| other < id).is_some() {}
        others.peek() == Some(id)
    });
    let id = in_both.unwrap_or_default();
    ensure!(in_both.is_none(), "`{id}` is predicted as an example of test and of validation: {PREDICT_AGAIN}");
    Ok(())
}

/// What was measured is more than nothing and less than a life.
///
/// # Errors
/// A number is neither.
pub(crate) fn measured(latency: &Latency) -> Result<()> {
    let Latency { run, mean_tokens, p50_seconds, p95_seconds, examples_per_second, .. } = latency;
    let all = [mean_tokens, p50_seconds, p95_seconds, examples_per_second];
    let sound = all.into_iter().all(|number| (1e-12..1e12).contains(number));
    ensure!(sound, "run `{run}`: nobody measured such a latency: remove `latency.json` and measure again");
    Ok(())
}

/// Thirty years are no time of a run.
fn lasted(seconds: f64) -> Result<()> {
    ensure!((0.0..1e9).contains(&seconds), "`seconds` is {seconds}, which is no time of a run: {AGAIN}");
    Ok(())
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
    fn scores_that_are_doubled_lacking_or_of_other_examples_are_refused_by_line() {
        let text = Made::new("2VA", 1).metrics();
        let whole = |line: usize| text.lines().nth(line - 1).unwrap();
        let twice = format!("{0}\n{0}", whole(5));
        refused(&[
            (changed(3, "\"seconds\":", "\"seconds\":-"), "line 3: `seconds` is -"),
            (
                changed(3, "\"epoch\":1", "\"epoch\":4294967295"),
                "line 3: `epoch` is 4294967295, but the configuration has 3",
            ),
            (
                changed(3, "\"epoch\":1", "\"epoch\":0"),
                "line 3: `epoch` is 0, but the configuration has 3 of them: remove",
            ),
            (
                changed(5, whole(5), &twice),
                "line 6: the test score of epoch 1 stands where that of epoch 2 belongs: remove",
            ),
            (changed(9, whole(9), ""), "line 12: the test score of epoch 3 stands where that of epoch 2 belongs"),
            (changed(12, whole(12), ""), "line 13: the validation scores end with epoch 2 of 3: remove"),
            (
                changed(8, "\"examples\":40", "\"examples\":4"),
                "line 8: 4 validation examples in epoch 2, but 40 in the one before",
            ),
        ]);
    }

    #[test]
    fn a_begin_or_an_end_that_is_not_of_the_configuration_or_of_its_scores_is_refused_by_line() {
        refused(&[
            (
                changed(14, "\"epochs\":3", "\"epochs\":2"),
                "line 14: `epochs` is 2, but the configuration has 3 of them: remove",
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
                "line 1: `blocks` are not the `0,1` of 4 that the configuration asks",
            ),
            (
                changed(1, "\"encoder_blocks\":4", "\"encoder_blocks\":1"),
                "line 1: blocks `0,1`: the encoder has 1 blocks",
            ),
            (
                changed(1, "\"encoder_blocks\":4", "\"encoder_blocks\":18446744073709551615")
                    .replace("\"0,1\"", "\"every:1\""),
                "line 1: `encoder_blocks` is 18446744073709551615, but at most 1000 may be",
            ),
        ]);
    }

    #[test]
    fn a_score_in_an_unfinished_stream_is_held_against_those_before_and_not_against_what_is_to_come() {
        let text = Made::new("2VA", 1).metrics();
        let cut = text.lines().take(9).collect::<Vec<_>>().join("\n");
        let message = from_text(&cut).unwrap_err().to_string();
        assert!(message.contains("have no `end`"), "{message}");
    }

    #[test]
    fn the_best_is_chosen_as_train_does() {
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
    fn a_latency_that_nobody_measured_is_refused() {
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
            assert!(message.contains("run `2VA-s1`: nobody measured such a latency"), "{message}");
        }
    }
}
