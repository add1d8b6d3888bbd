//! Parquet files, which the tool `parquet-rows` turns into lines of JSON: only who has one needs to compile what reads them.

use std::io::{BufRead, BufReader, Error, Read, Result as IoResult};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, ensure};
use records::jsonl;
use study::Data;

use crate::columns::Columns;
use crate::json::Records;

const TOOL: &str = "parquet-rows";

/// The limit on what is read of the tool's messages, and of the names of columns.
const MOST_BYTES: u64 = 1 << 20;

/// Open the Parquet file at `path`, which is called `name` in messages.
///
/// # Errors
/// The tool is missing, or the file is damaged or lacks a column.
pub(crate) fn open(name: String, path: &Path, data: &Data) -> Result<Records> {
    let mut listed = String::new();
    run(&name, path, &["--columns"])?.take(MOST_BYTES).read_to_string(&mut listed)?;
    let there: Vec<String> =
        serde_json::from_str(&listed).with_context(|| format!("`{name}`: the names of its columns"))?;
    let there: Vec<&str> = there.iter().map(String::as_str).collect();
    let columns = Columns::find(&there, data).map_err(|message| anyhow!("`{name}`: {message}"))?;
    let Columns { text, label, id, split } = &columns;
    let chosen = [text, label].into_iter().chain(id).chain(split).flat_map(|column| ["--column", column]);
    let rows = run(&name, path, &chosen.collect::<Vec<_>>())?;
    let rows: Box<dyn BufRead> = Box::new(BufReader::with_capacity(1 << 16, rows));
    Ok(Records::of_rows(jsonl::Reader::new(name, rows), columns))
}

fn run(name: &str, path: &Path, arguments: &[&str]) -> Result<Printed> {
    let beside = std::env::current_exe().context("finding the folder of the tools")?.with_file_name(TOOL);
    ensure!(
        beside.is_file(),
        "`{name}`: the file is Parquet, which `{TOOL}` reads, and there is no `{}`; run `make build-parquet`, or \
         `cargo build --release -p {TOOL}`",
        beside.display()
    );
    let mut command = Command::new(&beside);
    command.args(arguments).arg("--").arg(path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting `{}`", beside.display()))?;
    Ok(Printed { name: name.to_owned(), output: child.stdout.take(), child })
}

/// What the tool prints. At its end, a fault of the tool becomes a fault of reading.
struct Printed {
    name: String,
    output: Option<ChildStdout>,
    child: Child,
}

impl Read for Printed {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let read = self.output.as_mut().map_or(Ok(0), |output| output.read(buffer))?;
        if read == 0 && !buffer.is_empty() {
            self.finish()?;
        }
        Ok(read)
    }
}

impl Printed {
    fn finish(&mut self) -> IoResult<()> {
        let mut said = Vec::new();
        if let Some(messages) = self.child.stderr.take() {
            messages.take(MOST_BYTES).read_to_end(&mut said)?;
        }
        let (status, said) = (self.child.wait()?, String::from_utf8_lossy(&said));
        let message = said.lines().last().and_then(|line| line.strip_prefix(TOOL)?.strip_prefix(": "));
        match (status.success(), status.code().and(message)) {
            (true, _) => Ok(()),
            (false, Some(message)) => Err(Error::other(message.to_owned())),
            (false, None) => Err(Error::other(format!(
                "`{}`: `{TOOL}` failed ({status}), so the file is damaged, or its pages are larger than the memory; \
                 download it again, or write it again with smaller row groups",
                self.name
            ))),
        }
    }
}
