//! The table at the end: one line for each thing that is asked of a row.

use crate::statistics::Spread;
use crate::summary::Summary;

const HEAD: [&str; 6] = ["row", "ours", "peer", "ratio", "needed", "reached"];

/// An aligned markdown table.
pub(crate) fn markdown(summaries: &[Summary]) -> String {
    let mut lines: Vec<[String; 6]> = vec![HEAD.map(str::to_owned)];
    lines.extend(summaries.iter().flat_map(lines_of));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let row = |line: &[String; 6]| {
        line.iter().zip(&widths).map(|(cell, width)| format!("| {cell:width$} ")).collect::<String>() + "|\n"
    };
    let rule: String = widths.iter().map(|width| format!("| {} ", "-".repeat(*width))).collect::<String>() + "|\n";
    lines.iter().enumerate().map(|(index, line)| if index == 0 { row(line) + &rule } else { row(line) }).collect()
}

fn lines_of(summary: &Summary) -> Vec<[String; 6]> {
    let mut lines = vec![speed(summary)];
    lines.extend(summary.needed.memory.map(|most| memory(summary, most)));
    lines.extend(summary.needed.share.map(|least| share(summary, least)));
    lines
}

fn speed(summary: &Summary) -> [String; 6] {
    let digits = |value: f64| if value < 1000.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    let rate = |spread: Option<Spread>| cell(spread, digits, " examples/s");
    let theirs = summary.peer.as_ref().map_or_else(String::new, |peer| rate(peer.examples_per_second));
    let (ratio, needed) = (summary.ratio, summary.needed.ratio);
    let reached = verdict(ratio.zip(needed).map(|(ratio, least)| ratio.median >= least));
    let ratio = cell(ratio, |value| format!("{value:.2}"), "");
    [summary.row.clone(), rate(summary.ours.examples_per_second), theirs, ratio, at("≥", needed), reached]
}

fn memory(summary: &Summary, most: f64) -> [String; 6] {
    let size = |spread: Option<Spread>| cell(spread, |value| format!("{:.0}", value / f64::from(1 << 20)), " MiB");
    let theirs = summary.peer.as_ref().map_or_else(String::new, |peer| size(peer.peak_bytes));
    let reached = verdict(summary.memory_ratio.map(|ratio| ratio.median <= most));
    let ratio = cell(summary.memory_ratio, |value| format!("{value:.2}"), "");
    [
        format!("{}, peak memory", summary.row),
        size(summary.ours.peak_bytes),
        theirs,
        ratio,
        at("≤", Some(most)),
        reached,
    ]
}

fn share(summary: &Summary, least: f64) -> [String; 6] {
    let rate = |spread: Option<Spread>| cell(spread, |value| format!("{value:.0}"), " GFLOP/s");
    let (ours, ceiling) = (rate(summary.ours.gflops_useful), rate(summary.ours.ceiling_gflops));
    let reached = verdict(summary.ours.share_of_ceiling.map(|share| share.median >= least));
    let share = cell(summary.ours.share_of_ceiling, |value| format!("{value:.2}"), "");
    [format!("{}, of a bare product", summary.row), ours, ceiling, share, at("≥", Some(least)), reached]
}

/// `2.1 (2.0–2.2)`, or the one number there is.
fn cell(spread: Option<Spread>, number: impl Fn(f64) -> String, unit: &str) -> String {
    match spread {
        None => String::new(),
        Some(Spread { median, min, max }) if min == max => number(median) + unit,
        Some(Spread { median, min, max }) => format!("{} ({}–{}){unit}", number(median), number(min), number(max)),
    }
}

fn at(sign: &str, bound: Option<f64>) -> String {
    bound.map_or_else(String::new, |bound| format!("{sign} {bound:.1}"))
}

fn verdict(reached: Option<bool>) -> String {
    reached.map_or("", |reached| if reached { "yes" } else { "no" }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Needed;
    use crate::summary::Numbers;

    fn spread(median: f64, min: f64, max: f64) -> Option<Spread> {
        Some(Spread { median, min, max })
    }

    fn numbers(rate: Option<Spread>, bytes: f64) -> Numbers {
        Numbers {
            examples_per_second: rate,
            tokens_per_second: None,
            peak_bytes: spread(bytes, bytes, bytes),
            gpu_peak_bytes: None,
            loss: None,
            gflops_useful: spread(440.0, 440.0, 440.0),
            ceiling_gflops: spread(1000.0, 1000.0, 1000.0),
            share_of_ceiling: spread(0.44, 0.44, 0.44),
            steady_share_of_ceiling: None,
        }
    }

    fn summary() -> Summary {
        Summary {
            row: "r".to_owned(),
            work: String::new(),
            rounds: 3,
            examples: 32,
            tokens: 900,
            ours: numbers(spread(21.0, 20.0, 22.0), 512.0 * 1024.0 * 1024.0),
            peer: Some(numbers(spread(10.0, 10.0, 11.0), 1024.0 * 1024.0 * 1024.0)),
            ratio: spread(2.1, 1.9, 2.2),
            memory_ratio: spread(0.5, 0.5, 0.5),
            needed: Needed { ratio: Some(2.0), memory: Some(0.6), share: Some(0.5) },
            beside: None,
            device: "cpu".to_owned(),
            hardware: String::new(),
            threads: 2,
            versions: serde_json::Map::new(),
            date: String::new(),
            commit: "",
        }
    }

    #[test]
    fn each_thing_that_is_asked_is_a_line_with_its_verdict() {
        let expected = "\
| row                  | ours                          | peer                          | ratio            | needed | reached |
| -------------------- | ----------------------------- | ----------------------------- | ---------------- | ------ | ------- |
| r                    | 21.0 (20.0–22.0) examples/s   | 10.0 (10.0–11.0) examples/s   | 2.10 (1.90–2.20) | ≥ 2.0  | yes     |
| r, peak memory       | 512 MiB                       | 1024 MiB                      | 0.50             | ≤ 0.6  | yes     |
| r, of a bare product | 440 GFLOP/s                   | 1000 GFLOP/s                  | 0.44             | ≥ 0.5  | no      |
";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('-', "");
        assert_eq!(squeezed(&markdown(&[summary()])), squeezed(expected));
    }

    #[test]
    fn without_a_peer_there_is_no_verdict() {
        let alone = Summary { peer: None, ratio: None, memory_ratio: None, ..summary() };
        let text = markdown(&[Summary { needed: Needed { share: None, ..alone.needed }, ..alone }]);
        assert!(!text.contains("yes") && !text.contains("no "), "{text}");
    }
}
