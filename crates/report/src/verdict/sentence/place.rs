//! Where a depth lies beside the full model, and what it costs.

use statistics::Range;
use study::Measure;

use crate::format::counted;
use crate::verdict::{Comparison, DepthResult};

/// `0.31 points below the full model (95 % interval of the drop 0.17 to 0.45, inside the 0.5 margin)`
pub(super) fn place(against: &Comparison, margin: f64) -> String {
    let (interval, edge) = (against.drop.interval(0.95), margin / 100.0);
    let how = match (interval.high < edge, interval.low > edge) {
        (true, _) => "inside",
        (_, true) => "outside",
        _ => "across",
    };
    placed(against, &format!("{how} the {margin} margin"))
}

pub(super) fn placed(against: &Comparison, how: &str) -> String {
    let mean = against.drop.mean;
    let of = match against.measure {
        Measure::Accuracy => String::new(),
        measure => format!(" of {}", measure.words()),
    };
    let place = match two(100.0 * mean.abs()).as_str() {
        "0.00" if of.is_empty() => "level with the full model".to_owned(),
        "0.00" => format!("level with the full model in {}", against.measure.words()),
        points if mean > 0.0 => format!("{points} points{of} below the full model"),
        points => format!("{points} points{of} above the full model"),
    };
    let same = if against.is_same { ", with not one answer that differs" } else { "" };
    format!("{place} (95 % interval of the drop {}, {how}{same})", between(against.drop.interval(0.95)))
}

/// What it costs beside the full model, as far as both were measured on one machine.
pub(super) fn price(depth: &DepthResult, full: &DepthResult) -> String {
    let (own, all) = (&depth.costs, &full.costs);
    let time = match (own.share_of_latency(all), own.share_of_training(all)) {
        (Some(share), _) => Some(format!("{:.0} % of its time for an answer", 100.0 * share)),
        (None, Some(share)) => Some(format!("{:.0} % of its training time", 100.0 * share)),
        (None, None) => None,
    };
    let size = own.share_of_size(all).map(|share| format!("{:.0} % of its size", 100.0 * share));
    let shares: Vec<String> = time.into_iter().chain(size).collect();
    if shares.is_empty() { String::new() } else { format!(" at {}", shares.join(" and ")) }
}

/// `0.17 to 0.45`, in points.
pub(crate) fn between(interval: Range) -> String {
    format!("{} to {}", signed_points(interval.low), signed_points(interval.high))
}

/// `0.31` or `−0.31`
pub(crate) fn signed_points(fraction: f64) -> String {
    match two(100.0 * fraction).as_str() {
        "-0.00" => "0.00".to_owned(),
        text => text.replace('-', "−"),
    }
}

fn two(value: f64) -> String {
    format!("{value:.2}")
}

pub(super) fn subject(n_blocks: usize) -> (String, &'static str) {
    match n_blocks {
        0 => ("no block at all".to_owned(), "is"),
        n => (counted(n, "block"), if n == 1 { "is" } else { "are" }),
    }
}

pub(super) fn blocks(n_blocks: usize) -> String {
    subject(n_blocks).0
}
