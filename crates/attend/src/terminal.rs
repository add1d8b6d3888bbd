//! Colours and width of the terminal.

use std::io::IsTerminal;

use clap::ValueEnum;

/// Colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colours {
    /// By COLORTERM, TERM and NO_COLOR; none if stdout is not a terminal
    Auto,
    /// 16 million colours
    True,
    /// 256 colours
    #[value(name = "256")]
    Palette,
    /// No colours: a small digit behind the word
    None,
}

impl Colours {
    /// The colours to use; never [`Colours::Auto`].
    pub(crate) fn resolved(self, to_stdout: bool) -> Self {
        match self {
            Colours::Auto if to_stdout && std::io::stdout().is_terminal() => detected(|name| std::env::var(name).ok()),
            Colours::Auto => Colours::None,
            chosen => chosen,
        }
    }
}

/// The colours that environment variables announce.
fn detected(variable: impl Fn(&str) -> Option<String>) -> Colours {
    let term = variable("TERM").unwrap_or_default();
    let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    match variable("COLORTERM").as_deref() {
        _ if refused || term.is_empty() || term == "dumb" => Colours::None,
        Some("truecolor" | "24bit") => Colours::True,
        _ => Colours::Palette,
    }
}

/// Columns of the terminal; 80 if stdout is not a terminal.
pub(crate) fn columns() -> usize {
    let given = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns));
    given.or_else(seen).unwrap_or(80).max(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_environment() {
        let detected = |set: &[(&str, &str)]| {
            super::detected(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(detected(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Colours::True);
        assert_eq!(detected(&[("TERM", "xterm-256color")]), Colours::Palette);
        assert_eq!(detected(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Colours::None);
        assert_eq!(detected(&[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Colours::None);
        assert_eq!(detected(&[]), Colours::None);
    }
}
