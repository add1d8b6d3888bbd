//! Show what a trained model attends to, token by token, and test how far the picture can be trusted.

mod ansi;
mod arguments;
mod attention;
mod baseline;
mod choice;
mod colour;
mod faithfulness;
mod gradient;
mod input;
mod jsonl;
mod look;
mod method;
mod model;
mod page;
mod png;
mod rollout;
mod scale;
mod segments;
mod show;
mod terminal;
#[cfg(test)]
mod testing;
mod view;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    console::main("attend", || {
        let args = arguments::Args::parse();
        args.verbosity.start();
        args.threads.start()?;
        look::look(&args)
    })
}
