//! Stdin, where a person may sit instead of a program.

use std::io::{IsTerminal, Stdin, stdin};

use anyhow::ensure;

/// Stdin, which holds `what`, such as `JSON Lines`.
///
/// # Errors
/// It is a terminal: nobody types that.
pub fn piped(what: &str) -> anyhow::Result<Stdin> {
    ensure!(!stdin().is_terminal(), "stdin is a terminal; pipe {what} into it, or name a file");
    Ok(stdin())
}

/// Stdin, into which a person may type as well: then what is expected is said.
pub fn typed(what: &str) -> Stdin {
    if stdin().is_terminal() {
        log::info!("type {what}; Ctrl-D ends");
    }
    stdin()
}
