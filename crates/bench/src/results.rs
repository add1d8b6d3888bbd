//! Recorded measurements as a Markdown document: one section a file, one table a section.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use records::jsonl::Reader;
use records::publish::Output;
use serde_json::Value;

use crate::neighbours::Neighbours;
use crate::report::Timing;
use crate::summary::Summary;
use crate::table;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Files of JSON Lines that `bench` printed, one section each
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write this file instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const INTRODUCTION: &str = "\
# Measured speed

This page is generated: `bench results tests/bench/*.jsonl --out tests/bench/RESULTS.md` writes it from the records beside it.

*Ours* and *peer* did the same work on the same examples, in turns. A cell is the median over the rounds, with the smallest
and the largest value in parentheses. *Ratio* is ours over the peer's, taken round by round. *Aim* is the bound that the project
set itself before it measured. Memory is the largest resident set of the process. In the rows `kernels-…` the peer is ours,
without a group of kernels.
";

/// Print the document that `options` ask for.
///
/// # Errors
/// A file cannot be read, holds a line that `bench` does not write, or holds no result.
pub(crate) fn print(options: &Options) -> anyhow::Result<()> {
    let sections = options.files.iter().map(|path| section(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut output = Output::open(options.out.as_deref())?;
    write!(output, "{INTRODUCTION}{}", sections.concat())?;
    Ok(output.finish()?)
}

fn section(path: &Path) -> anyhow::Result<String> {
    let results = Results::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Results { summaries, timings, neighbours } = &results;
    let text = of_summaries(summaries) + &of_timings(timings) + &of_neighbours(neighbours);
    if text.is_empty() {
        bail!("`{}`: holds no result; name a file that `bench` wrote to its end", path.display());
    }
    Ok(format!("{text}\nRecords: [`{name}`]({name}).\n"))
}

/// The lines of a file that sum up; single measurements are left out.
#[derive(Default)]
struct Results {
    summaries: Vec<Summary>,
    timings: Vec<Timing>,
    neighbours: Vec<Neighbours>,
}

impl Results {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let mut results = Results::default();
        let mut lines = Reader::<Value, _>::open(path)?;
        while let Some(line) = lines.next().transpose()? {
            results.add(line).map_err(|e| lines.error(e.to_string()))?;
        }
        Ok(results)
    }

    fn add(&mut self, line: Value) -> serde_json::Result<()> {
        match (line["type"].as_str(), line["row"].as_str()) {
            (Some("summary"), _) => self.summaries.push(serde_json::from_value(line)?),
            (None, Some("report")) => self.timings.push(serde_json::from_value(line)?),
            (None, Some("neighbours")) => self.neighbours.push(serde_json::from_value(line)?),
            _ => {}
        }
        Ok(())
    }
}

fn of_summaries(summaries: &[Summary]) -> String {
    let Some(Summary { date, hardware, device, threads, commit, .. }) = summaries.first() else { return String::new() };
    let versions: BTreeMap<&str, &str> = summaries
        .iter()
        .flat_map(|s| &s.versions)
        .filter_map(|(name, is)| Some((name.as_str(), is.as_str()?)))
        .collect();
    let versions: Vec<String> =
        versions.iter().filter(|(name, _)| **name != "train").map(|(name, is)| format!("{name} {is}")).collect();
    let table = table::markdown(summaries, |summary| {
        format!("`{}`: {}; {}", summary.row, summary.work, counted(summary.rounds, summary.examples))
    });
    format!(
        "\n## {date}: {hardware}, {threads} threads, device `{device}`\n\nCommit {commit}; {}.\n\n{table}",
        versions.join(", ")
    )
}

fn counted(rounds: usize, examples: usize) -> String {
    format!("{rounds} round{} of {examples} examples", if rounds == 1 { "" } else { "s" })
}

fn of_timings(timings: &[Timing]) -> String {
    let Some(Timing { date, hardware, commit, .. }) = timings.first() else { return String::new() };
    let mut text = format!(
        "\n## {date}: {hardware}\n\nCommit {}; `bench report`: `report all` on synthetic runs.\n\n\
         | runs | test predictions a run | seconds | peak memory | page |\n|---|---|---|---|---|\n",
        commit.as_deref().unwrap_or("not recorded")
    );
    for Timing { runs, examples, seconds, peak_bytes, page_bytes, .. } in timings {
        let (peak, page) = (peak_bytes >> 20, page_bytes >> 10);
        text += &format!("| {runs} | {examples} | {seconds:.1} | {peak} MiB | {page} KiB |\n");
    }
    text
}

fn of_neighbours(neighbours: &[Neighbours]) -> String {
    let Some(Neighbours { date, hardware, device, processors, commit, .. }) = neighbours.first() else {
        return String::new();
    };
    let mut text = format!(
        "\n## {date}: {hardware}, {processors} processors, device `{device}`\n\nCommit {commit}; `bench neighbours`: seconds of an \
         epoch, alone and beside others. A fair share of the processors makes the last column 1.\n\n\
         | configuration | threads | alone | trainings | beside one another | over the fair share |\n|---|---|---|---|---|---|\n"
    );
    for Neighbours { configuration, threads, alone, trainings, beside, over_fair_share, .. } in neighbours {
        let [alone, beside] = [alone, beside].map(|it| format!("{:.2} ({:.2}–{:.2})", it.median, it.min, it.max));
        text += &format!(
            "| `{configuration}` | {threads} | {alone} s | {trainings} | {beside} s | {over_fair_share:.2} |\n"
        );
    }
    text
}
