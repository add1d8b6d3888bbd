//! The output: a folder of shards, or JSON Lines on stdout.

mod shards;
mod stream;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use records::publish;
use records::shards::{Duplicates, Manifest, TEXTS};
use study::Data;
use texts::Review;
use tokens::TextTokenizer;

use crate::datasets::Opened;
use crate::tokenize::Tokenizing;

/// The place that `--out` names.
pub(crate) enum Output {
    Stdout,
    Shards(PathBuf),
}

/// Everything to write.
pub(crate) struct Prepared<'a, 't> {
    pub(crate) data: Data,
    pub(crate) labels: Vec<String>,
    pub(crate) duplicates: Duplicates,
    /// Ordered by split and id.
    pub(crate) reviews: &'a [Review],
    pub(crate) tokenizing: &'a mut Tokenizing<'t>,
}

impl Output {
    /// An existing folder is replaced, so it must be a folder of shards.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn new(out: &Path) -> Result<Self> {
        if out == Path::new("-") {
            return Ok(Output::Stdout);
        }
        let out: PathBuf = out.components().collect(); // drops a final slash, so that `.partial` is appended to the name
        let free = !out.exists() || shards::is_folder_of_shards(&out);
        ensure!(free, "`{}` exists and is not a folder of shards; choose another `--out`", out.display());
        Ok(Output::Shards(out))
    }

    /// Check before any work whether the output can be written.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn check_writable(&self) -> Result<()> {
        match self {
            Output::Stdout => Ok(()),
            Output::Shards(folder) => Ok(publish::check_dir(folder)?),
        }
    }

    /// The folder for files that are too large for memory.
    pub(crate) fn folder(&self) -> PathBuf {
        match self {
            Output::Stdout => std::env::temp_dir(),
            Output::Shards(folder) => folder.parent().map_or_else(PathBuf::new, Path::to_owned).join("."),
        }
    }

    /// Write everything and return the manifest.
    ///
    /// # Errors
    /// Writing fails.
    pub(crate) fn write(&self, prepared: Prepared) -> Result<Manifest> {
        match self {
            Output::Stdout => stream::write(prepared),
            Output::Shards(folder) => shards::write(folder, prepared),
        }
    }
}

/// Print what would be read and written.
pub(crate) fn list(source: &Opened, tokenizer: &TextTokenizer, output: &Output) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "read   {}", source.description)?;
    writeln!(stdout, "read   tokenizer `{}`", tokenizer.path.display())?;
    match output {
        Output::Stdout => writeln!(stdout, "write  JSON Lines to stdout")?,
        Output::Shards(folder) => {
            writeln!(stdout, "write  shards, `{TEXTS}` and `manifest.json` in `{}`", folder.display())?
        }
    }
    Ok(())
}
