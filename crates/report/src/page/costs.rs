//! What each configuration costs, measured where it ran.

use anyhow::Result;
use maud::{Markup, html};

use super::table;
use crate::check::by_configuration;
use crate::costs::Costs;
use crate::figures::Material;
use crate::format::unknown;
use crate::grid::Column;

/// A configuration's id and its costs.
type Row = (String, Costs);

const COLUMNS: [Column<Row>; 11] = [
    ("id", false, |row| row.0.clone()),
    ("params M", true, |row| format!("{:.2}", row.1.parameters as f64 / 1e6)),
    ("MB", true, |row| row.1.model_bytes.map_or_else(unknown, |bytes| format!("{:.2}", bytes as f64 / 1e6))),
    ("MFLOP/token", true, |row| answer(row, |latency| Some(format!("{:.2}", latency.flops_per_token? / 1e6)))),
    ("training s", true, |row| format!("{:.1}", row.1.training_seconds)),
    ("s/epoch", true, |row| row.1.seconds_per_epoch.map_or_else(unknown, |seconds| format!("{seconds:.2}"))),
    ("peak MiB", true, |row| (row.1.peak_memory_bytes >> 20).to_string()),
    ("answer p50 ms", true, |row| answer(row, |latency| Some(format!("{:.2}", 1e3 * latency.p50_seconds)))),
    ("p95 ms", true, |row| answer(row, |latency| Some(format!("{:.2}", 1e3 * latency.p95_seconds)))),
    ("examples/s, batches", true, |row| answer(row, |latency| Some(format!("{:.1}", latency.examples_per_second)))),
    ("answered on", false, |row| {
        answer(row, |latency| Some(format!("{}, {}", latency.provenance.device, latency.provenance.hardware)))
    }),
];

fn answer(row: &Row, cell: impl Fn(&records::Latency) -> Option<String>) -> String {
    row.1.latency.as_ref().and_then(cell).unwrap_or_else(unknown)
}

/// Below the figures of the costs.
///
/// # Errors
/// Runs of one configuration do not belong together.
pub(crate) fn inside(material: &Material) -> Result<Markup> {
    let configurations = by_configuration(material.runs)?;
    let row = |runs: &Vec<&crate::runs::Run>| (runs[0].configuration().configuration.clone(), Costs::of(runs));
    let rows: Vec<Row> = configurations.iter().map(row).collect();
    let measured = rows.iter().find_map(|row| row.1.latency.clone());
    Ok(html! {
        (table::sortable("Costs of each configuration", &COLUMNS, &rows))
        @match measured {
            Some(latency) => p.note {
                "An answer: one test review of " (format!("{:.0}", latency.mean_tokens)) " tokens on average; "
                (latency.repetitions) " reviews, one at a time, after " (latency.warm_up) " to warm up; then batches of "
                (latency.batch_size) ". FLOPs are those of the kept blocks, including results that are never used. \
                 Training time, memory and size are means and maxima over the seeds."
            },
            None => p.note { "The time of an answer was not measured; " code { "make latency" } " measures it." }
        }
    })
}
