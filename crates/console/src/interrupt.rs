//! SIGINT and SIGTERM as a wish: what is in hand is brought to an end that can be taken up again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// The signal that came, 0 before.
static CAME: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// From now on SIGINT and SIGTERM only ask ([`interruption`]), however often they come: `make` and a terminal may both send
/// them on.
///
/// # Errors
/// The system refuses the handlers.
pub fn heed_signals() -> std::io::Result<()> {
    let came = CAME.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        flag::register_usize(signal, came.clone(), usize::try_from(signal).unwrap_or_default())?;
    }
    Ok(())
}

/// A limit on the size of files (`ulimit -f`) shall fail the write, which is told, and not kill the tool.
pub(crate) fn ignore_sigxfsz() -> std::io::Result<()> {
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// The interruption that was asked for, if one was.
pub fn interruption() -> Option<Interrupted> {
    let signal = CAME.get()?.load(Ordering::Relaxed);
    u8::try_from(signal).ok().filter(|&signal| signal > 0).map(|signal| Interrupted { signal })
}

/// Stopped because somebody asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    signal: u8,
}

impl Interrupted {
    /// As a shell tells it: 130 or 143.
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
