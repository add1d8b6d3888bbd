//! The measures of each configuration: markdown for people, csv and json for programs.

use anyhow::Result;
use polars::prelude::*;
use statistics::{BINS, Calibration, TEMPERATURES};

use super::{Quality, Slice};
use crate::arguments::Format;
use crate::csv;
use crate::format::{percent, spaced, unknown};
use crate::grid::{self, Column};
use crate::table;

/// What each column means stands in [`notes`].
const COLUMNS: [Column<Quality>; 16] = [
    ("id", false, |q| q.configuration.clone()),
    ("seeds", true, |q| q.n_seeds.to_string()),
    ("test %", true, |q| percent(q.accuracy)),
    ("macro F1", true, |q| decimals(q.macro_f1)),
    ("balanced %", true, |q| percent(q.balanced_accuracy)),
    ("AUC", true, |q| q.auc.map_or_else(unknown, decimals)),
    ("log loss", true, |q| decimals(q.raw.log_loss)),
    ("Brier", true, |q| decimals(q.raw.brier)),
    ("ECE %", true, |q| percent(q.raw.error)),
    ("confidence %", true, |q| percent(q.raw.confidence)),
    ("T", true, temperature),
    ("log loss, T", true, |q| tempered(q, |tempered| decimals(tempered.log_loss))),
    ("ECE %, T", true, |q| tempered(q, |tempered| percent(tempered.error))),
    ("error % of 80 %", true, |q| percent(risk_at_80_percent(q))),
    ("risk area %", true, |q| percent(q.risk_area)),
    ("most confused", false, most_confused),
];

/// Columns that are empty where no seed has predictions of validation.
const TEMPERED: [&str; 3] = ["T", "log loss, T", "ECE %, T"];

/// A part of the test split under one configuration.
struct Part<'a> {
    configuration: &'a str,
    slice: &'a Slice,
}

fn part_columns<'a>() -> [Column<Part<'a>>; 5] {
    [
        ("id", false, |part| part.configuration.to_owned()),
        ("part", false, |part| part.slice.name.clone()),
        ("examples", true, |part| part.slice.examples.to_string()),
        ("test %", true, |part| percent(part.slice.accuracy)),
        ("confidence %", true, |part| percent(part.slice.confidence)),
    ]
}

/// In the format asked for; in markdown with the parts of the test split and how everything was found.
pub(crate) fn text(all: &[Quality], format: Format) -> Result<String> {
    match format {
        Format::Csv => frame(all),
        Format::Json => table::json(all),
        Format::Markdown => Ok(markdown(all)),
    }
}

fn markdown(all: &[Quality]) -> String {
    let part = |of: fn(&Quality) -> &[Slice]| {
        let rows = all.iter().flat_map(|q| of(q).iter().map(|slice| Part { configuration: &q.configuration, slice }));
        let rows: Vec<Part> = rows.collect();
        if rows.is_empty() { String::new() } else { grid::markdown(&part_columns(), &rows) + "\n" }
    };
    let (by_length, by_rating) = (part(|q| &q.by_length), part(|q| &q.by_rating));
    let notes: String = notes(all).iter().map(|note| format!("- {note}\n")).collect();
    format!("{}\n{by_length}{by_rating}{notes}", grid::markdown(&columns(all), all))
}

fn is_tempered(all: &[Quality]) -> bool {
    all.iter().any(|quality| quality.temperature.is_some())
}

/// The columns that are not empty for these rows.
pub(crate) fn columns(all: &[Quality]) -> Vec<Column<Quality>> {
    COLUMNS.into_iter().filter(|(name, ..)| is_tempered(all) || !TEMPERED.contains(name)).collect()
}

/// How the numbers were found, only what applies.
pub(crate) fn notes(all: &[Quality]) -> Vec<String> {
    let is_tempered = is_tempered(all);
    let has_parts = all.iter().any(|quality| !quality.by_length.is_empty() || !quality.by_rating.is_empty());
    let ece = format!(
        "ECE: expected calibration error, |accuracy − confidence| over {BINS} bins of equal width (Guo et al. 2017); \
         confidence: mean probability of the predicted class, which should be the accuracy"
    );
    let notes = [
        Some(TEST.to_owned()),
        Some(SCORES.to_owned()),
        Some(ece),
        is_tempered.then(|| TEMPERATURE.to_owned()),
        all.iter().any(|quality| quality.is_temperature_bound).then(bound),
        Some(COVERAGE.to_owned()),
        Some(CONFUSED.to_owned()),
        has_parts.then(|| PARTS.to_owned()),
    ];
    notes.into_iter().flatten().collect()
}

const TEST: &str = "on the test split, computed for each seed and averaged over the seeds";
const SCORES: &str = "macro F1: mean over the classes that occur in test or among the answers, as in scikit-learn; \
                      balanced: balanced accuracy, the mean share of right answers of the classes that occur in test; \
                      AUC: area under the ROC curve, of more than two classes the mean over the same classes, each \
                      against the rest, and `·` where one of them has no test example; log loss: in nats; Brier: half the squared distance between probabilities and \
                      truth, 0 to 1";
const TEMPERATURE: &str = "T: the temperature that logits are divided by, fitted to the log loss of validation, for \
                           each seed its own, and here the geometric mean; above 1 the model is over-confident; answers do not change";
const COVERAGE: &str = "error % of 80 %: error rate among the 80 % of examples with the most probable answers; risk \
                        area: its mean over all shares";
const CONFUSED: &str = "most confused: true → predicted class, and its share of the true class";
const PARTS: &str = "parts: by the number of tokens read, where `(cut)` marks texts of the greatest length; by rating, where ids end in one";

/// The mean over the seeds, marked where the search of a seed ended at a bound.
fn temperature(quality: &Quality) -> String {
    let mark = if quality.is_temperature_bound { " ‡" } else { "" };
    quality.temperature.map_or_else(unknown, |t| format!("{t:.2}{mark}"))
}

fn bound() -> String {
    let [coldest, hottest] = TEMPERATURES;
    format!(
        "‡: the search for T ended at a bound ({coldest} or {hottest}), because validation is all right, or mostly wrong; \
         then T says nothing, and more validation examples are needed"
    )
}

fn tempered(quality: &Quality, cell: impl Fn(&Calibration) -> String) -> String {
    quality.tempered.as_ref().map_or_else(unknown, cell)
}

fn risk_at_80_percent(quality: &Quality) -> f64 {
    quality.risk_coverage.iter().find(|(coverage, _)| *coverage >= 0.8).map_or(f64::NAN, |(_, risk)| *risk)
}

/// The largest count off the diagonal, the first of equals.
fn most_confused(quality: &Quality) -> String {
    let counts = quality.confusion.iter().enumerate().flat_map(|(label, row)| {
        let all: u64 = row.iter().sum();
        row.iter().enumerate().filter(move |(predicted, _)| *predicted != label).map(move |(p, n)| (label, p, *n, all))
    });
    match counts.reduce(|most, next| if next.2 > most.2 { next } else { most }) {
        Some((label, predicted, n, all)) if n > 0 => {
            format!("{label} → {predicted}: {} %", percent(n as f64 / all as f64))
        }
        _ => unknown(),
    }
}

/// One row per configuration without its parts and curves; lists are separated by spaces, the confusion row by row.
fn frame(all: &[Quality]) -> Result<String> {
    let column = |cell: fn(&Quality) -> f64| all.iter().map(cell).collect::<Vec<f64>>();
    let maybe = |cell: fn(&Quality) -> Option<f64>| all.iter().map(cell).collect::<Vec<Option<f64>>>();
    let frame = df![
        "configuration" => all.iter().map(|q| q.configuration.as_str()).collect::<Vec<_>>(),
        "n_seeds" => all.iter().map(|q| q.n_seeds as u64).collect::<Vec<_>>(),
        "accuracy" => column(|q| q.accuracy),
        "macro_f1" => column(|q| q.macro_f1),
        "f1" => all.iter().map(|q| spaced(&q.f1)).collect::<Vec<_>>(),
        "auc" => maybe(|q| q.auc),
        "confusion" => all.iter().map(|q| spaced(&q.confusion.concat())).collect::<Vec<_>>(),
        "log_loss" => column(|q| q.raw.log_loss),
        "brier" => column(|q| q.raw.brier),
        "calibration_error" => column(|q| q.raw.error),
        "confidence" => column(|q| q.raw.confidence),
        "temperature" => maybe(|q| q.temperature),
        "tempered_log_loss" => maybe(|q| q.tempered.as_ref().map(|tempered| tempered.log_loss)),
        "tempered_brier" => maybe(|q| q.tempered.as_ref().map(|tempered| tempered.brier)),
        "tempered_calibration_error" => maybe(|q| q.tempered.as_ref().map(|tempered| tempered.error)),
        "tempered_confidence" => maybe(|q| q.tempered.as_ref().map(|tempered| tempered.confidence)),
        "risk_at_80_percent" => column(risk_at_80_percent),
        "risk_area" => column(|q| q.risk_area),
        "balanced_accuracy" => column(|q| q.balanced_accuracy),
        "is_temperature_bound" => all.iter().map(|q| q.is_temperature_bound).collect::<Vec<_>>(),
    ]?;
    csv::text(frame)
}

fn decimals(value: f64) -> String {
    format!("{value:.4}")
}
