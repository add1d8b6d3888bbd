//! Every configuration, every run, how each learnt, and where each errs.

use maud::{Markup, html};
use records::Split;

use super::table;
use crate::figures::Material;
use crate::format::{percent, unknown};
use crate::grid::Column;
use crate::quality::{Quality, Slice};
use crate::runs::Run;
use crate::scores::Score;
use crate::table::{columns as score_columns, rows as score_rows};

fn columns<'a>() -> [Column<&'a Run>; 10] {
    [
        ("run", false, |run| run.name().to_owned()),
        ("n", true, |run| run.training.begin.blocks.len().to_string()),
        ("seed", true, |run| run.configuration().seed.to_string()),
        ("epoch", true, |run| run.chosen_epoch().to_string()),
        ("validation %", true, |run| {
            run.chosen(Split::Validation).map_or_else(unknown, |epoch| percent(epoch.accuracy))
        }),
        ("test %", true, |run| percent(run.test().0)),
        ("peak % ‡", true, |run| run.peak().map_or_else(unknown, |peak| percent(peak.accuracy))),
        ("training s", true, |run| format!("{:.1}", run.training.end.seconds)),
        ("MiB", true, |run| (run.training.end.peak_memory_bytes >> 20).to_string()),
        ("trained on", false, |run| run.measured_on()),
    ]
}

/// Below the learning curves.
pub(crate) fn inside(material: &Material) -> Markup {
    let runs: Vec<&Run> = material.runs.iter().collect();
    let columns_of_scores: Vec<Column<Score>> = score_columns(material.scores).copied().collect();
    html! {
        (table::sortable("Every configuration, over its seeds", &columns_of_scores, &score_rows(material.scores)))
        details {
            summary { @if runs.len() == 1 { "The only run" } @else { "Each of the " (runs.len()) " runs" } }
            (table::sortable("Each run", &columns(), &runs))
        }
    }
}

/// A confusion matrix for each configuration, folded away.
pub(crate) fn confusions(material: &Material) -> Markup {
    html! {
        details {
            summary { "Confusion matrices (counts over all seeds)" }
            div.matrices { @for quality in material.quality { (confusion(quality)) } }
        }
    }
}

fn confusion(quality: &Quality) -> Markup {
    html! {
        table.matrix {
            caption { (quality.configuration) }
            thead { tr { th scope="col" { "true ↓ predicted →" } @for class in 0..quality.confusion.len() { th scope="col" { (class) } } } }
            tbody {
                @for (class, row) in quality.confusion.iter().enumerate() {
                    tr { th scope="row" { (class) } @for count in row { td.number { (count) } } }
                }
            }
        }
    }
}

/// Accuracy by length and by rating, folded away.
pub(crate) fn slices(material: &Material) -> Markup {
    let by = |name: &str, of: fn(&Quality) -> &Vec<Slice>| {
        let heads = material.quality.iter().map(of).find(|slices| !slices.is_empty());
        html! {
            @if let Some(heads) = heads {
                details {
                    summary { "Accuracy by " (name) " (%)" }
                    div.wide tabindex="0" { table {
                        thead { tr { th scope="col" { "id" } @for slice in heads { th.number scope="col" { (slice.name) } } } }
                        tbody {
                            tr { td { "examples" } @for slice in heads { td.number { (slice.examples) } } }
                            @for quality in material.quality {
                                tr { td { (quality.configuration) } @for slice in of(quality) { td.number { (percent(slice.accuracy)) } } }
                            }
                        }
                    } }
                }
            }
        }
    };
    html! { (by("length", |quality| &quality.by_length)) (by("rating", |quality| &quality.by_rating)) }
}
