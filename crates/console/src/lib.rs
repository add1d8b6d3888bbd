//! How the tools speak to a person: log level, progress, the one-line error, the exit code.

mod interrupt;
mod memory;
mod progress;
mod stdin;
mod threads;
mod verbosity;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

pub use interrupt::{Interrupted, heed_signals, interruption};
pub use memory::{OutOfMemory, within_memory};
pub use progress::{Progress, spoken_duration};
pub use stdin::{piped, typed};
pub use threads::Threads;
pub use verbosity::Verbosity;

/// More than so many letters nobody reads.
const LONGEST_LINE: usize = 2000;

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
            // Where stderr cannot be written to, the exit code must do.
            writeln!(std::io::stderr(), "{name}: {}", one_line(&error)).unwrap_or_default();
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
    text.replace(|c: char| is_control(c) && c != '\n', "\u{fffd}")
}

/// What steers a terminal, or turns the order of what it shows.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// In one line that one can read, and without what would steer a terminal: messages quote what they were given.
pub fn harmless(text: &str) -> String {
    let text = match text.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => &format!("{}…", &text[..end]),
        None => text,
    };
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
        assert_eq!(without_control("\u{9b}31m\u{202e}\nb"), "\u{fffd}31m\u{fffd}\nb");
        assert!(harmless(&"ä".repeat(1_000_000)).chars().count() < 3000);
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let error = anyhow::Error::from(std::io::Error::from(ErrorKind::BrokenPipe)).context("writing stdout");
        assert!(is_broken_pipe(&error));
        assert_eq!(main("tool", || Err(error)), ExitCode::SUCCESS);
    }
}
