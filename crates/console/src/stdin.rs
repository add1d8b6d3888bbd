//! Stdin, which may be a pipe or a person at a terminal.

use std::io::{IsTerminal, Stdin, stdin};

use anyhow::ensure;

/// Stdin, for input that a program writes; `what` names it, such as `JSON Lines`.
///
/// # Errors
/// Stdin is a terminal.
pub fn piped(what: &str) -> anyhow::Result<Stdin> {
    ensure!(!stdin().is_terminal(), "stdin is a terminal; pipe {what} into it, or name a file");
    Ok(stdin())
}

/// Stdin, for input that a person may also type; on a terminal, a line asks for `what`.
pub fn typed(what: &str) -> Stdin {
    if stdin().is_terminal() {
        log::info!("type {what}; Ctrl-D ends");
    }
    stdin()
}
