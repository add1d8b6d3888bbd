//! Summarise runs as tables, figures and a verdict.

mod arguments;
mod chapter;
mod check;
mod costs;
mod csv;
mod figures;
#[cfg(test)]
#[path = "../tests/fixture/mod.rs"]
mod fixture;
mod flips;
mod format;
mod grid;
mod measure;
mod notes;
mod outcomes;
mod page;
mod quality;
mod runs;
mod scores;
mod sources;
mod stamp;
mod streams;
mod table;
mod verdict;
mod whole;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{CommandFactory, Parser};
use records::publish;

use crate::arguments::{Arguments, Command, VerdictFormat};
use crate::scores::Score;
use crate::verdict::Verdict;

fn main() -> ExitCode {
    console::main("report", run)
}

fn run() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.verbosity.start();
    arguments.threads.start()?;
    match arguments.command {
        None if arguments.verify.is_empty() => nothing_asked(),
        None => write(None, &(check::verify::verify(&sources::read(&arguments.verify)?)? + "\n")),
        Some(Command::Table(t)) => {
            let input = sources::read(&t.runs)?;
            let verdict = Verdict::new(&input.runs, &input.missing, &t.question)?;
            let scores = Score::all(&input.runs, t.question.measure)?;
            write(t.out.as_deref(), &table::text(&scores, t.format(), &verdict::sentences(&verdict))?)
        }
        Some(Command::Quality(q)) => {
            let all = quality::all(&sources::read(&q.runs)?.runs)?;
            ensure!(!all.is_empty(), "no predictions of test in the input: {}", quality::REMEDY);
            write(q.out.as_deref(), &quality::text(&all, q.format())?)
        }
        Some(Command::Verdict(v)) => {
            let input = sources::read(&v.runs)?;
            let verdict = Verdict::new(&input.runs, &input.missing, &v.question)?;
            let text = match v.format() {
                VerdictFormat::Markdown => verdict::markdown(&verdict),
                VerdictFormat::Json => verdict::json(&verdict)?,
            };
            write(v.out.as_deref(), &text)
        }
        Some(Command::Flips(f)) => flips::print(&f),
        Some(Command::Plot(p)) => whole::with(&p.runs, &p.question, |whole| figures::publish(&whole.figures, &p.out)),
        Some(Command::Page(p)) => whole::with(&p.runs, &p.question, |whole| {
            write(p.out.as_deref(), &page::text(&whole.material, &whole.figures, whole.missing)?)
        }),
        Some(Command::All(a)) => whole::with(&a.runs, &a.question, |whole| whole::publish_all(whole, &a.out)),
    }
}

fn nothing_asked() -> ! {
    let kind = clap::error::ErrorKind::MissingSubcommand;
    Arguments::command().error(kind, "name a command, or runs to `--verify`").exit()
}

/// To the file, whole or not at all, or to stdout.
fn write(out: Option<&Path>, text: &str) -> Result<()> {
    match out {
        Some(path) => Ok(publish::bytes(path, text.as_bytes())?),
        // Names and devices are as the records have them, whoever wrote those.
        None => std::io::stdout().lock().write_all(console::without_control(text).as_bytes()).context("writing stdout"),
    }
}
