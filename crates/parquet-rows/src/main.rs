//! Print the rows of a Parquet file as JSON Lines.
//!
//! `prep` and `plan` start this tool when they meet a Parquet file. It is a program of its own for two reasons: what reads
//! Parquet takes long to compile, and few need it; and a damaged file can make it panic or ask for all memory, which then
//! ends no other program.

mod class_names;
mod column;
mod table;

use std::io::{BufWriter, Write, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Parser;
use rlimit::Resource;

use table::{Table, damaged};

/// The limit on this tool's memory: pages of a sound file are far smaller, and a damaged one may claim any size.
const MOST_MEMORY_BYTES: u64 = 2 << 30;

const AFTER: &str = "\
A column that `datasets` wrote as a ClassLabel is printed with the names of its classes.

Examples:
  parquet-rows train-00000-of-00001.parquet | jq .text
  parquet-rows mail.parquet --column body --column folder";

/// Print the rows of a Parquet file as JSON Lines
#[derive(Debug, Parser)]
#[command(name = "parquet-rows", version, after_long_help = AFTER)]
struct Arguments {
    /// The Parquet file
    file: PathBuf,
    /// Print this column, and others only if they are named, too [default: all that hold text, numbers, or true and false]
    #[arg(long = "column", value_name = "NAME", conflicts_with = "list", allow_hyphen_values = true)]
    columns: Vec<String>,
    /// Print the names of all columns as one array of JSON
    #[arg(long = "columns")]
    list: bool,
    #[command(flatten)]
    verbosity: console::Verbosity,
}

fn main() -> ExitCode {
    console::main("parquet-rows", run)
}

fn run() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.verbosity.start();
    limit_memory().unwrap_or_default(); // a system without such a limit reads sound files all the same
    set_hook(Box::new(|_| {})); // the reader of a damaged file panics, and that is told here
    let name = arguments.file.display();
    catch_unwind(AssertUnwindSafe(|| print(&arguments))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        Err(anyhow!("`{name}`: {}", damaged(said)))
    })
}

fn limit_memory() -> std::io::Result<()> {
    let (_, hard) = Resource::AS.get()?;
    Resource::AS.set(MOST_MEMORY_BYTES.min(hard), hard)
}

fn print(arguments: &Arguments) -> Result<()> {
    let table = Table::open(&arguments.file)?;
    let mut output = BufWriter::with_capacity(1 << 16, stdout().lock());
    if arguments.list {
        serde_json::to_writer(&mut output, &table.columns()).map_err(std::io::Error::from)?;
        writeln!(output)?;
    } else {
        table.print(&table.chosen(&arguments.columns)?, &mut output)?;
    }
    Ok(output.flush()?)
}
