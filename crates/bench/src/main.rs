//! Measure the tools' speed and memory, alone or in turns with PyTorch.

mod child;
mod gemm;
mod measurement;
mod neighbours;
mod ours;
mod peer;
mod place;
mod report;
mod results;
mod rounds;
mod rows;
mod setup;
mod statistics;
mod summary;
mod synthetic;
mod table;
mod work;

use std::process::ExitCode;

use clap::Parser;

use crate::place::{Options, Place};
use crate::rows::Rows;

/// Measure the tools' speed and memory, alone or in turns with PyTorch
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  bench compare --archive aclImdb_v1.tar.gz --models data/models --row minilm-6-bf16 --rounds 1"
)]
enum Args {
    /// Measure the rows of rows.toml on IMDB reviews
    Compare(Options),
    /// Measure the rows of gpu-rows.toml on synthetic examples; this needs nothing but the tools
    GpuCheck(Options),
    /// Measure the device's best rate of a bare matrix product
    Gemm(gemm::Options),
    /// Measure `report` on studies of hundreds of synthetic runs
    Report(report::Options),
    /// Measure trainings beside one another, against one alone
    Neighbours(neighbours::Options),
    /// Print recorded measurements as Markdown
    Results(results::Options),
}

fn main() -> ExitCode {
    console::main("bench", run)
}

fn run() -> anyhow::Result<()> {
    match Args::parse() {
        Args::Compare(options) => measure(include_str!("../rows.toml"), options),
        Args::GpuCheck(options) => measure(include_str!("../gpu-rows.toml"), options),
        Args::Gemm(options) => gemm::print(&options),
        Args::Report(options) => report::measure(&options),
        Args::Neighbours(options) => neighbours::measure(&options),
        Args::Results(options) => results::print(&options),
    }
}

fn measure(rows: &str, options: Options) -> anyhow::Result<()> {
    options.verbosity.start();
    options.threads.start()?;
    let rows = Rows::read(rows)?.selected(&options.rows)?;
    let place = Place::open(options)?;
    let summaries = rounds::measure(&rows, &place, &mut std::io::stdout().lock())?;
    log::info!("{}", table::markdown(&summaries, |summary| summary.row.clone()));
    Ok(())
}
