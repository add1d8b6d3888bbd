//! A file that is open, by its format, and an example as the file has it.

use anyhow::Result;
use records::Split;
use records::fields::Label;
use study::nearest;

use crate::columns::Columns;
use crate::json::Records;
use crate::table::Table;

/// An example as a file has it.
pub(crate) struct Example {
    /// `None` if it has no id.
    pub(crate) id: Option<String>,
    /// `None` if it names no split.
    pub(crate) split: Option<Split>,
    pub(crate) label: Label,
    pub(crate) text: String,
}

/// A file that is open, by its format.
pub(crate) enum Reader {
    Json(Box<Records>),
    Table(Box<Table>),
}

impl Reader {
    pub(crate) fn next(&mut self) -> Result<Option<Example>> {
        match self {
            Reader::Json(records) => records.next(),
            Reader::Table(table) => table.next(),
        }
    }

    /// The number of the example read last, which is its id if it has none.
    pub(crate) fn number(&self) -> usize {
        match self {
            Reader::Json(records) => records.number(),
            Reader::Table(table) => table.number(),
        }
    }

    /// The columns of the example read last.
    pub(crate) fn columns(&self) -> &Columns {
        match self {
            Reader::Json(records) => records.columns(),
            Reader::Table(table) => table.columns(),
        }
    }

    /// A fault of the example read last.
    pub(crate) fn error(&self, message: String) -> anyhow::Error {
        match self {
            Reader::Json(records) => records.error(message),
            Reader::Table(table) => table.error(&message),
        }
    }
}

/// The split that `name` means.
pub(crate) fn split_called(name: &str) -> Result<Split, String> {
    let unknown = || {
        let meant = nearest(&name.to_lowercase(), Split::ALL.map(Split::name));
        let meant = meant.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("split `{name}` is unknown; write `train`, `validation` or `test`{meant}")
    };
    Split::called(name.trim()).ok_or_else(unknown)
}
