//! A progress bar on stderr, shown only if stderr is a terminal and the tool is not quiet.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar, hidden if stderr is not a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` items called `unit`, such as `reviews`.
    pub fn new(total: u64, unit: &str) -> Self {
        let visible = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let visible = visible && log::log_enabled!(log::Level::Info);
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = format!("{{prefix}} {{bar:24}} {{human_pos}}/{{human_len}} {unit}  {{msg}}  {{eta}} left");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Progress(bar)
    }

    /// Set the text before the bar.
    pub fn prefix(&self, text: impl Into<String>) {
        self.0.set_prefix(text.into());
    }

    /// Set the text after the bar.
    pub fn message(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }

    /// Count `n` more items as done.
    pub fn add(&self, n: u64) {
        self.0.inc(n);
    }

    /// Set the number of finished items to `n`.
    pub fn set(&self, n: u64) {
        self.0.set_position(n);
    }

    /// Hide the bar while `write` writes lines above it.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A duration for a reader: `412.9` is `6 min 52 s`.
pub fn format_duration(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::format_duration;

    #[test]
    fn durations_are_written_in_the_two_largest_units() {
        let expected = [(0.25, "0.2 s"), (59.0, "59.0 s"), (412.9, "6 min 52 s"), (7260.0, "2 h 1 min")];
        for (seconds, words) in expected {
            assert_eq!(format_duration(seconds), words);
        }
    }
}
