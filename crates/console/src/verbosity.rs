//! `-q`, `-v`, `-vv`: the same in every tool.

use log::LevelFilter;

/// How much a tool logs; flatten it into the arguments.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Verbosity {
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more detail; repeat it (-vv) for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Verbosity {
    /// Start the logger: plain lines on stderr, coloured only on a terminal without `NO_COLOR`.
    pub fn start(self) {
        let started = env_logger::Builder::new()
            .format(|output, record| {
                use std::io::Write;
                let message = crate::without_control(&record.args().to_string()); // it may quote untrusted input
                match record.level() {
                    log::Level::Info => writeln!(output, "{message}"),
                    level => writeln!(output, "{}: {message}", level.as_str().to_lowercase()),
                }
            })
            .filter_level(self.level())
            .filter_module("ureq", LevelFilter::Warn)
            .try_init();
        started.unwrap_or_else(|e| log::debug!("{e}"));
    }

    fn level(self) -> LevelFilter {
        match (self.quiet, self.verbose) {
            (true, _) => LevelFilter::Error,
            (false, 0) => LevelFilter::Info,
            (false, 1) => LevelFilter::Debug,
            (false, _) => LevelFilter::Trace,
        }
    }
}
