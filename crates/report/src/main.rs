//! Summarise runs as tables, figures and a verdict.

mod arguments;
mod figures;
#[cfg(test)]
#[path = "../tests/fixture/mod.rs"]
mod fixture;
mod frame;
mod interval;
mod knee;
mod notes;
mod outcomes;
mod runs;
mod scores;
mod sources;
mod streams;
mod table;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use records::publish;

use crate::arguments::{Arguments, Command, Format, Table};
use crate::scores::Score;

fn main() -> ExitCode {
    console::main("report", run)
}

fn run() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.verbosity.start();
    match arguments.command {
        Command::Table(table) => write(table.out.as_deref(), &text(&table)?),
        Command::Knee(knee) => write(None, &(knee::sentence(&read(&knee.runs)?, knee.margin) + "\n")),
        Command::Plot(plot) => figures::draw(&read(&plot.runs)?, sources::study(&plot.runs), &plot.out),
    }
}

fn read(runs: &[std::path::PathBuf]) -> Result<Vec<Score>> {
    Score::all(&frame::per_configuration(&sources::read(runs)?)?)
}

fn text(table: &Table) -> Result<String> {
    let frame = frame::per_configuration(&sources::read(&table.runs)?)?;
    let scores = Score::all(&frame)?;
    match table.format() {
        Format::Csv => table::csv(&frame),
        Format::Json => table::json(&scores),
        Format::Markdown => {
            let knee = knee::sentence(&scores, table.margin);
            Ok(format!("{}\n{}\n{knee}\n", table::markdown(&scores), notes::notes(&scores)))
        }
    }
}

/// To the file, whole or not at all, or to stdout.
fn write(out: Option<&Path>, text: &str) -> Result<()> {
    match out {
        Some(path) => Ok(publish::bytes(path, text.as_bytes())?),
        None => std::io::stdout().lock().write_all(text.as_bytes()).context("writing stdout"),
    }
}
