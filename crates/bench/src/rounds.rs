//! Measure each row for several rounds; the sides take turns, and each line is written at once.

use std::io::Write;

use records::jsonl;
use serde::Serialize;

use crate::measurement::{Measurement, RowResults, Side};
use crate::place::{Place, Prepared};
use crate::rows::{Row, Rows};
use crate::summary::Summary;
use crate::{ours, peer};

/// Measure every row and summarise it.
pub(crate) fn measure(rows: &Rows, place: &Place, output: &mut impl Write) -> anyhow::Result<Vec<Summary>> {
    let mut summaries: Vec<Summary> = Vec::new();
    for row in &rows.rows {
        let Some(prepared) = place.prepare(rows, row)? else {
            log::warn!("{}: skipped, because device `{}` has no bf16", row.id, place.engine.name);
            continue;
        };
        log::info!("{}: {}", row.id, row.work);
        let results = self::row(&prepared, place, output)?;
        let beside = row.beside.as_ref().and_then(|id| summaries.iter().find(|summary| summary.row == *id));
        let summary = Summary::new(&prepared, place, &results, beside);
        write(output, &summary)?;
        summaries.push(summary);
    }
    Ok(summaries)
}

fn row(prepared: &Prepared<'_>, place: &Place, output: &mut impl Write) -> anyhow::Result<RowResults> {
    let mut results = RowResults::default();
    results.versions.extend(ours::begin(prepared, place)?);
    for round in 1..=rounds(prepared.row, place) {
        let ceiling = match prepared.row.ceiling && prepared.work.operations > 0.0 {
            true => Some(place.ceiling(prepared.configuration.precision)?),
            false => None,
        };
        ceiling.iter().try_for_each(|ceiling| write(output, ceiling))?;
        let python = place.options.peer.as_ref().filter(|_| !prepared.row.peer.is_empty());
        let without = prepared.row.without.as_deref();
        for side in sides(round, python.is_some() || without.is_some()) {
            let outcome = match (side, python) {
                (Side::Peer, Some(python)) => peer::measure(prepared, place, python)?,
                (Side::Peer, None) => ours::measure(prepared, place, without)?,
                (Side::Ours, _) => ours::measure(prepared, place, None)?,
            };
            let ceiling = ceiling.as_ref().filter(|_| side == Side::Ours).map(|ceiling| ceiling.gflops);
            let measurement = Measurement::new(&prepared.row.id, round, side, &outcome, prepared.work, ceiling);
            write(output, &measurement)?;
            log::info!("  round {round}, {}: {:.2} examples/s", side.name(), measurement.examples_per_second);
            results.measurements.push(measurement);
            results.versions.extend(outcome.versions);
        }
    }
    ours::end(prepared, place)?;
    Ok(results)
}

fn rounds(row: &Row, place: &Place) -> usize {
    let asked = usize::from(place.options.rounds);
    row.rounds.map_or(asked, |most| most.min(asked))
}

/// The order of the sides; it alternates from round to round.
fn sides(round: usize, has_peer: bool) -> Vec<Side> {
    match (has_peer, round % 2) {
        (false, _) => vec![Side::Ours],
        (true, 1) => vec![Side::Ours, Side::Peer],
        (true, _) => vec![Side::Peer, Side::Ours],
    }
}

fn write(output: &mut impl Write, line: &impl Serialize) -> anyhow::Result<()> {
    jsonl::write(output, line)?;
    Ok(output.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_that_goes_first_alternates() {
        assert_eq!(sides(1, true), [Side::Ours, Side::Peer]);
        assert_eq!(sides(2, true), [Side::Peer, Side::Ours]);
        assert_eq!(sides(2, false), [Side::Ours]);
    }
}
