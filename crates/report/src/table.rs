//! The table of configurations: markdown for people, csv and json for programs.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use study::Measure;

use crate::arguments::Format;
use crate::csv;
use crate::format::{listed, percent, unknown};
use crate::grid::{self, Column};
use crate::notes;
use crate::scores::Score;

pub(crate) const COLUMNS: [Column<Score>; 19] = [
    ("id", false, |s| s.configuration.clone()),
    ("head", false, |s| s.head.clone()),
    ("blocks", false, |s| compact(&s.kept_blocks)),
    ("n", true, |s| s.n_blocks.to_string()),
    ("seeds", true, |s| s.n_seeds.to_string()),
    ("test %", true, |s| percent(s.test_accuracy) + if s.chosen_on_validation { "" } else { " †" }),
    ("95 % interval", true, |s| format!("{}–{}", percent(s.interval_low), percent(s.interval_high))),
    ("macro F1 %", true, |s| s.macro_f1.map_or_else(unknown, percent)),
    ("balanced accuracy %", true, |s| s.balanced_accuracy.map_or_else(unknown, percent)),
    ("95 % of the measure", true, |s| {
        let ends = s.measure_low.zip(s.measure_high);
        ends.map_or_else(unknown, |(low, high)| format!("{}–{}", percent(low), percent(high)))
    }),
    ("peak % ‡", true, |s| s.peak_test_accuracy.map_or_else(unknown, percent)),
    ("peak epoch", true, |s| listed(&s.peak_epochs)),
    ("published %", true, |s| s.published_accuracy.map_or_else(unknown, percent)),
    ("difference", true, |s| s.peak_minus_published.map_or_else(unknown, points)),
    ("epoch", true, |s| listed(&s.chosen_epochs)),
    ("params M", true, |s| format!("{:.2}", s.parameters as f64 / 1e6)),
    ("MB", true, |s| s.model_bytes.map_or_else(unknown, megabytes)),
    ("s/epoch", true, |s| s.seconds_per_epoch.map_or_else(unknown, seconds)),
    ("MiB", true, |s| (s.peak_memory_bytes >> 20).to_string()),
];

/// Columns that are empty where nothing was published.
const PUBLISHED: [&str; 2] = ["published %", "difference"];

/// The table in the format asked for; in markdown with its notes and `last` words.
pub(crate) fn text(scores: &[Score], format: Format, last: &[String]) -> Result<String> {
    let scores = &rows(scores);
    match format {
        Format::Csv => csv::of(scores),
        Format::Json => json(scores),
        Format::Markdown => {
            let last: String = last.iter().map(|sentence| format!("{sentence}\n")).collect();
            Ok(format!("{}\n{}\n{last}", markdown(scores), notes::notes(scores)))
        }
    }
}

/// The scores by head and depth.
pub(crate) fn rows(scores: &[Score]) -> Vec<Score> {
    let mut rows = scores.to_vec();
    grid::sort(&mut rows, |score| (score.head.clone(), score.n_blocks as usize));
    rows
}

/// What the columns mean stands in [`crate::notes`].
fn markdown(scores: &[Score]) -> String {
    grid::markdown(columns(scores), scores)
}

/// The columns that are not empty for these rows.
pub(crate) fn columns(scores: &[Score]) -> impl Iterator<Item = &'static Column<Score>> {
    let published = scores.iter().any(|score| score.published_accuracy.is_some());
    let measure = scores.first().map_or(Measure::Accuracy, |score| score.measure);
    let is_of_another = move |name: &str| match name {
        "macro F1 %" => measure != Measure::MacroF1,
        "balanced accuracy %" => measure != Measure::BalancedAccuracy,
        _ => name == "95 % of the measure" && measure == Measure::Accuracy,
    };
    COLUMNS.iter().filter(move |(name, ..)| (published || !PUBLISHED.contains(name)) && !is_of_another(name))
}

/// One array of objects, one object a line.
pub(crate) fn json<T: Serialize>(rows: &[T]) -> Result<String> {
    let mut bytes = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        bytes.write_all(if place == 0 { b"[\n" } else { b",\n" })?;
        serde_json::to_writer(&mut bytes, row)?;
    }
    bytes.write_all(if rows.is_empty() { b"[]\n" } else { b"\n]\n" })?;
    Ok(String::from_utf8(bytes)?)
}

/// `0–2, 5` for 0, 1, 2 and 5.
fn compact(blocks: &[u64]) -> String {
    let spans = blocks.chunk_by(|a, b| a + 1 == *b).map(|span| match span {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}–{last}"),
        [] => String::new(),
    });
    let spans: Vec<String> = spans.collect();
    if spans.is_empty() { "none".to_owned() } else { spans.join(", ") }
}

fn points(difference: f64) -> String {
    format!("{:+.2}", 100.0 * difference).replace('-', "−")
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.2}") } else { format!("{seconds:.1}") }
}

/// Whole megabytes from 10 on.
fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 10.0 { format!("{megabytes:.2}") } else { format!("{megabytes:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    #[test]
    fn kept_blocks_are_written_as_spans() {
        let cases: [(&[u64], &str); 5] = [
            (&[], "none"),
            (&[0], "0"),
            (&[0, 1, 2], "0–2"),
            (&[10, 11], "10–11"),
            (&[0, 1, 2, 5, 7, 8], "0–2, 5, 7–8"),
        ];
        for (blocks, expected) in cases {
            assert_eq!(compact(blocks), expected);
        }
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!([points(0.0123), points(-0.005), points(0.0)], ["+1.23", "−0.50", "+0.00"]);
    }

    #[test]
    fn sizes_are_in_millions_of_bytes_and_an_empty_list_is_unknown() {
        assert_eq!([433_281_000, 9_990_000, 34_567].map(megabytes), ["433", "9.99", "0.03"]);
        assert_eq!([listed(&[3, 1]), listed(&[])], ["3, 1", "·"]);
    }

    #[test]
    fn nothing_published_means_no_column_for_it_and_every_line_has_one_width() {
        let table = markdown(&from_text(&(Made::new("12VA", 1).metrics() + &Made::new("0BE", 1).metrics())));
        assert!(!table.contains("published") && !table.contains("difference"), "{table}");
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.len() == 4 && widths.iter().all(|width| *width == widths[0]), "{table}");
    }
}
