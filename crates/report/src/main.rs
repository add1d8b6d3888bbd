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
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use polars::frame::DataFrame;
use records::publish;

use crate::arguments::{Arguments, Command};
use crate::scores::Score;

fn main() -> ExitCode {
    console::main("report", run)
}

fn run() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.verbosity.start();
    match arguments.command {
        Command::Table(t) => write(t.out.as_deref(), &table::text(&frame(&t.runs)?, t.format(), t.margin)?),
        Command::Knee(k) => write(None, &(knee::sentence(&Score::all(&frame(&k.runs)?)?, k.margin) + "\n")),
        Command::Plot(p) => figures::draw(&Score::all(&frame(&p.runs)?)?, sources::study(&p.runs), &p.out),
    }
}

fn frame(runs: &[PathBuf]) -> Result<DataFrame> {
    frame::per_configuration(&sources::read(runs)?)
}

/// To the file, whole or not at all, or to stdout.
fn write(out: Option<&Path>, text: &str) -> Result<()> {
    match out {
        Some(path) => Ok(publish::bytes(path, text.as_bytes())?),
        None => std::io::stdout().lock().write_all(text.as_bytes()).context("writing stdout"),
    }
}
