//! The table of summaries: one line for the speed of each row, one for each other bound or comparison.

use crate::statistics::Spread;
use crate::summary::{Beside, Summary};

const HEAD: [&str; 6] = ["row", "ours", "peer", "ratio", "aim", "reached"];

type Line = [String; 6];

/// An aligned Markdown table; `label` names the first line of each summary.
pub(crate) fn markdown(summaries: &[Summary], label: impl Fn(&Summary) -> String) -> String {
    let mut lines: Vec<Line> = vec![HEAD.map(str::to_owned)];
    lines.extend(summaries.iter().flat_map(|summary| lines_of(summary, label(summary))));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let row = |line: &Line| {
        line.iter().zip(&widths).map(|(cell, width)| format!("| {cell:width$} ")).collect::<String>() + "|\n"
    };
    let rule: String = widths.iter().map(|width| format!("| {} ", "-".repeat(*width))).collect::<String>() + "|\n";
    lines.iter().enumerate().map(|(index, line)| if index == 0 { row(line) + &rule } else { row(line) }).collect()
}

fn lines_of(summary: &Summary, label: String) -> Vec<Line> {
    let mut lines = vec![speed(summary, label)];
    lines.extend(summary.needed.memory.map(|most| memory(summary, most)));
    lines.extend(gpu_memory(summary));
    lines.extend(summary.needed.share.map(|least| share(summary, least)));
    lines.extend(summary.beside.as_ref().map(|other| beside(summary, other)));
    lines
}

fn speed(summary: &Summary, label: String) -> Line {
    let digits = |value: f64| if value < 1000.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    let rate = |spread: Option<Spread>| cell(spread, digits, " examples/s");
    let theirs = summary.peer.as_ref().map_or_else(String::new, |peer| rate(peer.examples_per_second));
    let (ratio, needed) = (summary.ratio, summary.needed.ratio);
    let reached = verdict(ratio.zip(needed).map(|(ratio, least)| ratio.median >= least));
    [label, rate(summary.ours.examples_per_second), theirs, two_digits(ratio), at("≥", needed), reached]
}

fn memory(summary: &Summary, most: f64) -> Line {
    let theirs = summary.peer.as_ref().map_or_else(String::new, |peer| size(peer.peak_bytes));
    let reached = verdict(summary.memory_ratio.map(|ratio| ratio.median <= most));
    let (label, ratio) = (format!("{}, peak memory", summary.row), two_digits(summary.memory_ratio));
    [label, size(summary.ours.peak_bytes), theirs, ratio, at("≤", Some(most)), reached]
}

/// No aim is set for the memory of a GPU.
fn gpu_memory(summary: &Summary) -> Option<Line> {
    let (ours, theirs) = (summary.ours.gpu_peak_bytes?, summary.peer.as_ref()?.gpu_peak_bytes?);
    let (label, ratio) = (format!("{}, peak GPU memory", summary.row), format!("{:.2}", ours.median / theirs.median));
    Some([label, size(Some(ours)), size(Some(theirs)), ratio, String::new(), String::new()])
}

fn share(summary: &Summary, least: f64) -> Line {
    let rate = |spread: Option<Spread>| cell(spread, |value| format!("{value:.0}"), " GFLOP/s");
    let (ours, ceiling) = (rate(summary.ours.gflops_useful), rate(summary.ours.ceiling_gflops));
    let reached = verdict(summary.ours.share_of_ceiling.map(|share| share.median >= least));
    let label = format!("{}, useful GFLOP/s beside a bare matrix product", summary.row);
    [label, ours, ceiling, two_digits(summary.ours.share_of_ceiling), at("≥", Some(least)), reached]
}

/// Another row of ours stands in the place of the peer.
fn beside(summary: &Summary, other: &Beside) -> Line {
    let difference = other.loss_difference.map_or_else(String::new, |nats| format!("loss {nats:+.4} nats"));
    let ratio = other.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let label = format!("{}, beside `{}`", summary.row, other.row);
    [label, difference, String::new(), ratio, String::new(), String::new()]
}

fn size(bytes: Option<Spread>) -> String {
    cell(bytes, |value| format!("{:.0}", value / f64::from(1 << 20)), " MiB")
}

fn two_digits(ratio: Option<Spread>) -> String {
    cell(ratio, |value| format!("{value:.2}"), "")
}

/// `2.1 (2.0–2.2)`, or the number alone where all rounds agree.
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
            commit: String::new(),
        }
    }

    #[test]
    fn each_bound_is_a_line_with_its_verdict() {
        let expected = "\
| row | ours | peer | ratio | aim | reached |
| --- | ---- | ---- | ----- | --- | ------- |
| r                    | 21.0 (20.0–22.0) examples/s   | 10.0 (10.0–11.0) examples/s   | 2.10 (1.90–2.20) | ≥ 2.0  | yes     |
| r, peak memory       | 512 MiB                       | 1024 MiB                      | 0.50             | ≤ 0.6  | yes     |
| r, useful GFLOP/s beside a bare matrix product | 440 GFLOP/s                   | 1000 GFLOP/s                  | 0.44             | ≥ 0.5  | no      |
";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('-', "");
        assert_eq!(squeezed(&markdown(&[summary()], |summary| summary.row.clone())), squeezed(expected));
    }

    #[test]
    fn without_a_peer_there_is_no_verdict() {
        let alone = Summary { peer: None, ratio: None, memory_ratio: None, ..summary() };
        let text = markdown(&[Summary { needed: Needed { share: None, ..alone.needed }, ..alone }], |_| String::new());
        assert!(!text.contains("yes") && !text.contains("no "), "{text}");
    }

    #[test]
    fn gpu_memory_and_the_other_row_are_lines_without_a_verdict() {
        let mut summary = Summary { needed: Needed::default(), ..summary() };
        let gpu = |mebibytes: f64| spread(mebibytes * 1024.0 * 1024.0, 0.0, 0.0);
        summary.ours.gpu_peak_bytes = gpu(300.0);
        summary.peer.iter_mut().for_each(|peer| peer.gpu_peak_bytes = gpu(200.0));
        summary.beside = Some(Beside { row: "q".to_owned(), ratio: Some(0.5), loss_difference: Some(-0.00024) });
        let text = markdown(&[summary], |_| String::new());
        assert!(text.contains("| r, peak GPU memory | 300 MiB") && text.contains("| 1.50 "), "{text}");
        assert!(text.contains("| r, beside `q`      | loss -0.0002 nats") && text.contains("| 0.50 "), "{text}");
    }
}
