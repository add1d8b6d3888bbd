//! The four ways to write an answer, behind one trait.

use std::io::Write;

use crate::faithfulness::Scores;
use crate::view::{View, Viewer};

/// An output format.
pub(crate) trait Show {
    /// Write what holds for all texts.
    fn begin(&mut self, viewers: &[Viewer], scores: &[Scores], output: &mut dyn Write) -> anyhow::Result<()>;
    /// Write one text as each model sees it.
    fn text(&mut self, views: &[View], output: &mut dyn Write) -> anyhow::Result<()>;
    /// Finish after the last text; a format that writes text by text has nothing left to do.
    fn end(&mut self, _output: &mut dyn Write) -> anyhow::Result<()> {
        Ok(())
    }
}
