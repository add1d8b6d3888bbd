//! Measure the tools' speed and memory, alone or in turns with PyTorch.

mod child;
mod gemm;
mod made_up;
mod measurement;
mod ours;
mod peer;
mod place;
mod report;
mod rounds;
mod rows;
mod statistics;
mod summary;
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
    /// The rows of rows.toml, on IMDB reviews
    Compare(Options),
    /// The rows of gpu-rows.toml, on examples that are made up: nothing but the tools has to be there
    GpuCheck(Options),
    /// The device's ceiling: the best rate of a bare matrix product
    Gemm(gemm::Options),
    /// `report` on studies of hundreds of runs that are made up
    Report(report::Options),
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
    }
}

fn measure(rows: &str, options: Options) -> anyhow::Result<()> {
    options.verbosity.start();
    options.threads.start();
    let rows = Rows::read(rows)?.selected(&options.rows)?;
    let place = Place::open(options)?;
    let summaries = rounds::measure(&rows, &place, &mut std::io::stdout().lock())?;
    log::info!("{}", table::markdown(&summaries));
    Ok(())
}
