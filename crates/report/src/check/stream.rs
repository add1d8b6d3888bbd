//! Whether a training stream agrees with its configuration and with itself, line by line and at its end.

use anyhow::Result;
use records::Split;
use records::metrics::{Begin, End, Epoch};
use study::MOST_BLOCKS;

use super::require;
use crate::format::counted;

const TRAIN_AGAIN: &str = "remove the run's folder, then run make";

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
    let all = counted(asked, "epoch");
    let next = last.map_or(1, |last| last.epoch + 1);
    let examples = last.filter(|_| split != Split::Train).map_or(now, |last| last.examples);
    let rules = [
        ((1..=asked).contains(&epoch), format!("`epoch` is {epoch}, but the configuration has {all}")),
        (epoch == next, format!("the {split} score is of epoch {epoch}, but epoch {next} comes next")),
        (now == examples, format!("epoch {epoch} has {}, but the one before has {examples}", of_split(now, split))),
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
    let all = counted(asked, "epoch");
    let best = best(epochs).map_or((chosen, Split::Test), |best| (best.epoch, best.split));
    let rules = [
        lasted(end.seconds),
        (trained == asked, format!("`epochs` is {trained}, but the configuration has {all}")),
        scored(Split::Train),
        scored(Split::Validation),
        scored(Split::Test),
        ((1..=asked).contains(&chosen), format!("`best_epoch` is {chosen}, but the run has {all}")),
        (chosen == best.0, format!("`best_epoch` is {chosen}, but epoch {} is the best on {}", best.0, best.1)),
    ];
    require(rules, TRAIN_AGAIN)
}

/// `40 validation examples`
fn of_split(examples: usize, split: Split) -> String {
    counted(examples, &format!("{split} example"))
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
mod tests;
