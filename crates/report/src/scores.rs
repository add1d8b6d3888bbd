//! One typed row per configuration: what tables, sentences and figures are made from.

use anyhow::{Context, Result, anyhow};
use polars::prelude::*;
use serde::Serialize;

/// A row of the frame; field and column share their name.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Score {
    pub(crate) configuration: String,
    pub(crate) encoder: String,
    pub(crate) head: String,
    pub(crate) kept_blocks: Vec<u64>,
    pub(crate) n_blocks: u64,
    pub(crate) encoder_blocks: u64,
    pub(crate) n_seeds: u64,
    pub(crate) seeds: Vec<u64>,
    pub(crate) test_accuracy: f64,
    pub(crate) interval_low: f64,
    pub(crate) interval_high: f64,
    pub(crate) interval_method: String,
    pub(crate) test_examples: u64,
    pub(crate) chosen_epochs: Vec<u64>,
    pub(crate) chosen_on_validation: bool,
    pub(crate) peak_test_accuracy: Option<f64>,
    pub(crate) peak_epochs: Vec<u64>,
    pub(crate) published_accuracy: Option<f64>,
    pub(crate) peak_minus_published: Option<f64>,
    pub(crate) parameters: u64,
    pub(crate) model_bytes: Option<u64>,
    pub(crate) seconds_per_epoch: Option<f64>,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) measured_on: String,
    pub(crate) measured_on_one_machine: bool,
}

impl Score {
    /// All rows of the frame of configurations.
    pub(crate) fn all(frame: &DataFrame) -> Result<Vec<Score>> {
        (0..frame.height()).map(|row| Score::read(&Row { frame, row })).collect()
    }

    fn read(row: &Row) -> Result<Score> {
        Ok(Score {
            configuration: row.text("configuration")?,
            encoder: row.text("encoder")?,
            head: row.text("head")?,
            kept_blocks: row.spaced("kept_blocks")?,
            n_blocks: row.count("n_blocks")?,
            encoder_blocks: row.count("encoder_blocks")?,
            n_seeds: row.count("n_seeds")?,
            seeds: row.list("seeds")?,
            test_accuracy: row.number("test_accuracy")?,
            interval_low: row.number("interval_low")?,
            interval_high: row.number("interval_high")?,
            interval_method: row.text("interval_method")?,
            test_examples: row.count("test_examples")?,
            chosen_epochs: row.list("chosen_epochs")?,
            chosen_on_validation: row.truth("chosen_on_validation")?,
            peak_test_accuracy: row.maybe("peak_test_accuracy")?,
            peak_epochs: row.list("peak_epochs")?,
            published_accuracy: row.maybe("published_accuracy")?,
            peak_minus_published: row.maybe("peak_minus_published")?,
            parameters: row.count("parameters")?,
            model_bytes: row.maybe_count("model_bytes")?,
            seconds_per_epoch: row.maybe("seconds_per_epoch")?,
            peak_memory_bytes: row.count("peak_memory_bytes")?,
            measured_on: row.text("measured_on")?,
            measured_on_one_machine: row.truth("measured_on_one_machine")?,
        })
    }
}

/// One row of a frame, cell by cell.
struct Row<'a> {
    frame: &'a DataFrame,
    row: usize,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Result<AnyValue<'_>> {
        Ok(self.frame.column(column)?.get(self.row)?)
    }

    fn text(&self, column: &str) -> Result<String> {
        let cell = self.cell(column)?;
        cell.get_str().map(str::to_owned).ok_or_else(|| anyhow!("column `{column}` is no text"))
    }

    fn maybe(&self, column: &str) -> Result<Option<f64>> {
        Ok(self.cell(column)?.extract())
    }

    fn number(&self, column: &str) -> Result<f64> {
        self.maybe(column)?.with_context(|| lacking(column))
    }

    fn maybe_count(&self, column: &str) -> Result<Option<u64>> {
        Ok(self.cell(column)?.extract())
    }

    fn count(&self, column: &str) -> Result<u64> {
        self.maybe_count(column)?.with_context(|| lacking(column))
    }

    fn truth(&self, column: &str) -> Result<bool> {
        match self.cell(column)? {
            AnyValue::Boolean(truth) => Ok(truth),
            _ => Err(anyhow!("column `{column}` is neither true nor false")),
        }
    }

    fn list(&self, column: &str) -> Result<Vec<u64>> {
        match self.cell(column)? {
            AnyValue::List(numbers) => Ok(numbers.u64()?.into_no_null_iter().collect()),
            _ => Err(anyhow!("column `{column}` is no list")),
        }
    }

    fn spaced(&self, column: &str) -> Result<Vec<u64>> {
        let numbers = self.text(column)?;
        Ok(numbers.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

fn lacking(column: &str) -> String {
    format!("column `{column}` lacks a number")
}

/// Whether kept blocks come from more than one encoder; without blocks the encoder does not matter.
pub(crate) fn several_encoders(scores: &[Score]) -> bool {
    let mut encoders = scores.iter().filter(|score| score.n_blocks > 0).map(|score| &score.encoder);
    encoders.next().is_some_and(|first| encoders.any(|other| other != first))
}

/// Scores of a text that holds whole streams.
#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Vec<Score> {
    Score::all(&crate::frame::per_configuration(&crate::sources::from_text(text).unwrap()).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::frame::COLUMNS;

    #[test]
    fn json_and_csv_have_the_same_names_in_the_same_order() {
        let score = serde_json::to_value(&from_text(&Made::new("2VA", 1).metrics())[0]).unwrap();
        let names: Vec<&String> = score.as_object().unwrap().keys().collect();
        assert_eq!(names, COLUMNS);
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let score = &from_text(&Made::new("0BE", 3).metrics())[0];
        assert_eq!((score.published_accuracy, score.peak_minus_published, score.model_bytes), (None, None, None));
        assert_eq!(
            (score.kept_blocks.clone(), score.seeds.clone(), score.chosen_epochs.clone()),
            (vec![], vec![3], vec![2])
        );
    }

    #[test]
    fn the_peak_has_an_epoch_for_each_seed_that_scored_test_and_the_chosen_one_stays_apart() {
        let (one, two) = (Made::new("2VA", 1).test(&[20, 30, 36]), Made::new("2VA", 2).test(&[34, 20, 32]));
        let score = &from_text(&(two.metrics() + &one.metrics()))[0];
        assert_eq!((&score.seeds[..], &score.peak_epochs[..]), (&[2, 1][..], &[1, 3][..]));
        assert_eq!(score.chosen_epochs, [2, 2]);
        let tested = |line: &&str| line.contains("\"split\":\"test\"");
        let untested: Vec<String> =
            one.metrics().lines().filter(|line| !tested(line)).map(|l| format!("{l}\n")).collect();
        let score = &from_text(&(untested.concat() + &one.predictions()))[0];
        assert_eq!((score.peak_epochs.len(), score.peak_test_accuracy), (0, None));
    }

    #[test]
    fn encoders_are_told_apart_by_their_blocks_only() {
        let encoders = |other: &Made| {
            let other = other.metrics().replace("tiny-bert", "other");
            several_encoders(&from_text(&(Made::new("1VA", 1).metrics() + &other)))
        };
        assert!(encoders(&Made::new("2VA", 1)) && !encoders(&Made::new("TF-IDF", 1)));
    }
}
