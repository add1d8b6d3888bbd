//! A bar on stderr, only if stderr is a terminal and the tool is not quiet.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar, or nothing at all where nobody would see it.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` items called `unit`, such as `reviews`.
    pub fn new(total: u64, unit: &str) -> Self {
        let seen = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let seen = seen && log::log_enabled!(log::Level::Info);
        let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = format!("{{prefix}} {{bar:24}} {{human_pos}}/{{human_len}} {unit}  {{msg}}  {{eta}} left");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Progress(bar)
    }

    /// What the bar is about, written before it.
    pub fn prefix(&self, text: impl Into<String>) {
        self.0.set_prefix(text.into());
    }

    /// What is known so far, written behind it.
    pub fn message(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }

    /// `n` more items are done.
    pub fn add(&self, n: u64) {
        self.0.inc(n);
    }

    /// `n` items are done in all.
    pub fn set(&self, n: u64) {
        self.0.set_position(n);
    }

    /// Write a line above the bar.
    pub fn suspend<T>(&self, speak: impl FnOnce() -> T) -> T {
        self.0.suspend(speak)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// `412.9 s` as a person says it: `6 min 53 s`.
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
    fn durations_are_spoken_in_the_two_largest_units() {
        let spoken = [(0.25, "0.2 s"), (59.0, "59.0 s"), (412.9, "6 min 52 s"), (7260.0, "2 h 1 min")];
        for (seconds, words) in spoken {
            assert_eq!(format_duration(seconds), words);
        }
    }
}
