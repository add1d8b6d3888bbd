//! SIGINT and SIGTERM as requests: the tool finishes what it is doing, in a state from which it can resume.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// The signal received; 0 if there was none.
static CAME: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// From now on SIGINT and SIGTERM only set a flag, which [`interruption`] reads. Repeated signals are harmless: `make`
/// and the terminal may both send one.
///
/// # Errors
/// The system rejects the handlers.
pub fn heed_signals() -> std::io::Result<()> {
    let came = CAME.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        flag::register_usize(signal, came.clone(), usize::try_from(signal).unwrap_or_default())?;
    }
    Ok(())
}

/// Make a write beyond the file size limit (`ulimit -f`) return an error instead of killing the tool.
pub(crate) fn ignore_sigxfsz() -> std::io::Result<()> {
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// The requested interruption, if there is one.
pub fn interruption() -> Option<Interrupted> {
    let signal = CAME.get()?.load(Ordering::Relaxed);
    u8::try_from(signal).ok().filter(|&signal| signal > 0).map(|signal| Interrupted { signal })
}

/// The tool stopped because a signal asked it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    signal: u8,
}

impl Interrupted {
    /// The exit code that a shell uses for this signal: 130 or 143.
    pub(crate) fn exit_code(self) -> u8 {
        128 + self.signal
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted; run the same command again to continue")
    }
}

impl std::error::Error for Interrupted {}
