//! The tools' terminal manners: log level, progress, the one-line error, the exit code.

mod interrupt;
mod memory;
mod number;
mod progress;
mod stdin;
mod threads;
mod verbosity;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

pub use interrupt::{Interrupted, heed_signals, interruption};
pub use memory::{OutOfMemory, within_memory};
pub use number::from_one;
pub use progress::{Progress, format_duration};
pub use stdin::{piped, typed};
pub use threads::Threads;
pub use verbosity::Verbosity;

/// Messages are truncated to this many characters.
const LONGEST_LINE: usize = 2000;

/// Run a tool. The exit code is 0 if it succeeds or its reader closes the pipe, 1 with one line on stderr if it fails,
/// and 130 or 143 if a signal interrupts it.
///
/// Wrong usage is clap's: it exits with 2 before `run` does anything.
pub fn main(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    interrupt::ignore_sigxfsz().unwrap_or_default();
    memory::keep_quiet();
    match within_memory(run).unwrap_or_else(|error| Err(error.into())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr cannot be written either, the exit code is all that is left.
            writeln!(std::io::stderr(), "{name}: {}", one_line(&error)).unwrap_or_default();
            let interrupted = error.chain().find_map(|cause| cause.downcast_ref::<Interrupted>());
            interrupted.map_or(ExitCode::FAILURE, |interrupted| ExitCode::from(interrupted.exit_code()))
        }
    }
}

/// The chain of causes as one line, without the causes that the line already contains.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| single_line(&cause.to_string())) {
        match line.contains(&cause) {
            true => {}
            false if cause.starts_with(&line) => line = cause,
            false => line = format!("{line}: {cause}"),
        }
    }
    line
}

/// `text` without the characters that control a terminal; line breaks stay.
pub fn without_control(text: &str) -> String {
    text.replace(|c: char| is_terminal_control(c) && c != '\n', "\u{fffd}")
}

/// Whether `c` controls a terminal or the reading direction.
fn is_terminal_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` as one line of limited length without characters that control a terminal: messages quote untrusted input.
pub fn single_line(text: &str) -> String {
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
    fn an_error_is_one_line_without_repetition() {
        let cause = std::io::Error::other("no space\nleft");
        let error = Err::<(), _>(cause).context("writing `a`: no space\nleft").context("step").unwrap_err();
        assert_eq!(one_line(&error), "step: writing `a`: no space left");
        let error = anyhow::anyhow!("`a`, line 3: not JSON").context("`a`");
        assert_eq!(one_line(&error), "`a`, line 3: not JSON");
    }

    #[test]
    fn quoted_input_cannot_control_the_terminal() {
        assert_eq!(one_line(&anyhow::anyhow!("no review `\u{1b}[2J\r`")), "no review `\u{fffd}[2J\u{fffd}`");
        assert_eq!(without_control("\u{9b}31m\u{202e}\nb"), "\u{fffd}31m\u{fffd}\nb");
        assert!(single_line(&"ä".repeat(1_000_000)).chars().count() < 3000);
    }

    #[test]
    fn a_closed_pipe_is_success() {
        let error = anyhow::Error::from(std::io::Error::from(ErrorKind::BrokenPipe)).context("writing stdout");
        assert!(is_broken_pipe(&error));
        assert_eq!(main("tool", || Err(error)), ExitCode::SUCCESS);
    }
}
