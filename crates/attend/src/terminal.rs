//! What the terminal can show.

use std::io::IsTerminal;

use clap::ValueEnum;

/// Colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colours {
    /// What COLORTERM, TERM and NO_COLOR say; none where stdout is no terminal
    Auto,
    /// 16 million
    True,
    /// 256
    #[value(name = "256")]
    Palette,
    /// None: a small digit behind the word
    None,
}

impl Colours {
    /// Never [`Colours::Auto`].
    pub(crate) fn resolved(self, to_stdout: bool) -> Self {
        match self {
            Colours::Auto if to_stdout && std::io::stdout().is_terminal() => told(|name| std::env::var(name).ok()),
            Colours::Auto => Colours::None,
            chosen => chosen,
        }
    }
}

fn told(variable: impl Fn(&str) -> Option<String>) -> Colours {
    let term = variable("TERM").unwrap_or_default();
    let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    match variable("COLORTERM").as_deref() {
        _ if refused || term.is_empty() || term == "dumb" => Colours::None,
        Some("truecolor" | "24bit") => Colours::True,
        _ => Colours::Palette,
    }
}

/// Columns of the terminal; 80 where there is none.
pub(crate) fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns));
    told.or_else(seen).unwrap_or(80).max(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_what_the_terminal_says_it_has() {
        let told = |set: &[(&str, &str)]| {
            told(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(told(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Colours::True);
        assert_eq!(told(&[("TERM", "xterm-256color")]), Colours::Palette);
        assert_eq!(told(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Colours::None);
        assert_eq!(told(&[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Colours::None);
        assert_eq!(told(&[]), Colours::None);
    }
}
