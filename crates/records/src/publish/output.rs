//! The output of a tool: stdout, a file or a device.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::Pending;
use crate::Error;

/// The output of a tool: stdout, a device, or a file that appears when it is complete.
#[derive(Debug)]
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<std::io::StdoutLock<'static>>),
    /// A file of that name.
    File(Box<Pending>),
    /// A device or a pipe of that name; it is not replaced.
    Device(File),
}

impl Output {
    /// Open the file at `path`, or stdout without a path.
    ///
    /// # Errors
    /// As [`Pending::create`].
    pub fn open(path: Option<&Path>) -> Result<Self, Error> {
        Ok(match path {
            None => Output::Stdout(BufWriter::new(std::io::stdout().lock())),
            Some(path) if path.exists() && !path.is_file() => {
                Output::Device(File::options().write(true).open(path).map_err(|e| Error::io("writing", path, e))?)
            }
            Some(path) => Output::File(Box::new(Pending::create(path)?)),
        })
    }

    /// Finish the output: flush it, and give a file its name.
    ///
    /// # Errors
    /// As [`Pending::publish`]; a broken pipe arrives as [`std::io::ErrorKind::BrokenPipe`].
    pub fn finish(self) -> Result<(), Error> {
        match self {
            Output::Stdout(mut output) => output.flush().map_err(|e| Error::io("writing", Path::new("stdout"), e)),
            Output::File(pending) => pending.publish(),
            Output::Device(_) => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Output::Stdout(output) => output.write(bytes),
            Output::File(output) => output.write(bytes).map_err(|e| output.named(e)),
            Output::Device(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Output::Stdout(output) => output.flush(),
            Output::File(output) => output.flush().map_err(|e| output.named(e)),
            Output::Device(output) => output.flush(),
        }
    }
}
