//! The summary on stderr: examples, tokens, duplicates, speed and memory.

use std::fmt;
use std::time::Duration;

use console::format_duration;
use records::peak_memory_bytes;
use records::shards::{Counts, Manifest};
use study::Duplicates;
use texts::duplicates::n_left_out;

pub(crate) struct Summary<'a> {
    pub(crate) manifest: &'a Manifest,
    /// The time of tokenizing alone.
    pub(crate) tokenizing: Duration,
    /// The time of everything, with reading and writing.
    pub(crate) elapsed: Duration,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (examples, tokenizing) = (self.sum(|counts| counts.examples), self.tokenizing.as_secs_f64());
        for (split, counts) in &self.manifest.splits {
            write!(f, "{} {split}, ", counts.examples)?;
        }
        let duplicates = &self.manifest.duplicates;
        write!(f, "{} tokens; ", self.manifest.splits.values().map(|counts| counts.tokens).sum::<u64>())?;
        write!(f, "duplicates: {} in train, ", duplicates.within_train)?;
        write!(f, "{} in test, {} in both", duplicates.within_test, duplicates.across)?;
        if self.manifest.data.duplicates == Duplicates::Remove {
            write!(f, ", {} reviews left out", n_left_out(duplicates))?;
        }
        write!(f, "; ")?;
        write!(f, "longest {} tokens, ", self.manifest.splits.values().map(|c| c.longest).max().unwrap_or(0))?;
        write!(f, "{} truncated; ", self.sum(|counts| counts.truncated))?;
        write!(f, "{:.0} reviews/s tokenizing, ", examples as f64 / tokenizing.max(1e-9))?;
        write!(f, "{} in all", format_duration(self.elapsed.as_secs_f64()))?;
        match peak_memory_bytes().div_ceil(1 << 20) {
            0 => Ok(()), // the system does not report it
            peak => write!(f, ", peak {peak} MiB"),
        }
    }
}

impl Summary<'_> {
    fn sum(&self, count: impl Fn(&Counts) -> usize) -> usize {
        self.manifest.splits.values().map(count).sum()
    }
}
