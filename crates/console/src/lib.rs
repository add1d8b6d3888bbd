//! How the tools speak to a person: log level, progress, the one-line error, the exit code.
#![expect(clippy::print_stderr, reason = "this crate is where speech happens")]

mod interrupt;
mod memory;
mod progress;
mod stdin;
mod verbosity;

use std::io::ErrorKind;
use std::process::ExitCode;

pub use interrupt::{Interrupted, heed_signals, interruption};
pub use memory::{OutOfMemory, within_memory};
pub use progress::{Progress, spoken_duration};
pub use stdin::{piped, typed};
pub use verbosity::Verbosity;

/// Run a tool: 0 if it did its work or its reader went away, 1 and one line on stderr if it could not, 130 or 143 if it was
/// asked to stop and did.
///
/// Wrong usage is clap's, which exits with 2 before `run` does anything.
pub fn main(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    interrupt::refuse_to_die_of_a_file_too_large().unwrap_or_default();
    memory::keep_quiet();
    match within_memory(run).unwrap_or_else(|error| Err(error.into())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", one_line(&error));
            let interrupted = error.chain().find_map(|cause| cause.downcast_ref::<Interrupted>());
            interrupted.map_or(ExitCode::FAILURE, |interrupted| ExitCode::from(interrupted.exit_code()))
        }
    }
}

/// The chain of causes as one line; a cause that the line above it already tells is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| harmless(&cause.to_string())) {
        if !line.contains(&cause) {
            line += if line.is_empty() { "" } else { ": " };
            line += &cause;
        }
    }
    line
}

/// Text of any lines without what would steer a terminal.
pub fn without_control(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

/// In one line, and without what would steer a terminal: messages quote what they were given.
pub(crate) fn harmless(text: &str) -> String {
    without_control(&text.replace('\n', " "))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(broken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_error_is_one_line_and_says_nothing_twice() {
        let cause = std::io::Error::other("no space\nleft");
        let error = Err::<(), _>(cause).context("writing `a`: no space\nleft").context("step").unwrap_err();
        assert_eq!(one_line(&error), "step: writing `a`: no space left");
    }

    #[test]
    fn what_a_message_quotes_steers_no_terminal() {
        assert_eq!(one_line(&anyhow::anyhow!("no review `\u{1b}[2J\r`")), "no review `\u{fffd}[2J\u{fffd}`");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let error = anyhow::Error::from(std::io::Error::from(ErrorKind::BrokenPipe)).context("writing stdout");
        assert!(is_broken_pipe(&error));
        assert_eq!(main("tool", || Err(error)), ExitCode::SUCCESS);
    }
}
