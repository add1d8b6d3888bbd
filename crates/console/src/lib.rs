//! How the tools speak to a person: log level, progress, the one-line error, the exit code.
#![expect(clippy::print_stderr, reason = "this crate is where speech happens")]

mod progress;
mod verbosity;

use std::io::ErrorKind;
use std::process::ExitCode;

pub use progress::{Progress, spoken_duration};
pub use verbosity::Verbosity;

/// Run a tool: 0 if it did its work or its reader went away, 1 and one line on stderr if it could not.
///
/// Wrong usage is clap's, which exits with 2 before `run` does anything.
pub fn main(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// The chain of causes as one line; a cause that the line above it already tells is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| cause.to_string().replace('\n', " ")) {
        if !line.contains(&cause) {
            line += if line.is_empty() { "" } else { ": " };
            line += &cause;
        }
    }
    line
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
    fn a_reader_that_went_away_is_no_failure() {
        let error = anyhow::Error::from(std::io::Error::from(ErrorKind::BrokenPipe)).context("writing stdout");
        assert!(is_broken_pipe(&error));
        assert_eq!(main("tool", || Err(error)), ExitCode::SUCCESS);
    }
}
