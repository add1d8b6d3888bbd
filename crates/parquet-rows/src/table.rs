//! A Parquet file: its columns, and its rows, one group after the other.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use crate::class_names::Features;
use crate::column::{Column, fault};

/// Rows that are in memory at a time.
const BATCH_ROWS: usize = 1024;

/// A file that is open.
pub(crate) struct Table {
    name: String,
    reader: SerializedFileReader<File>,
}

impl Table {
    /// Open the file at `path`, and read its footer.
    ///
    /// # Errors
    /// It cannot be read, or is not a whole Parquet file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("reading `{name}`"))?;
        let reader = SerializedFileReader::new(file).map_err(|e| anyhow!("`{name}`: {}", damaged(&e.to_string())))?;
        Ok(Table { name, reader })
    }

    fn metadata(&self) -> &FileMetaData {
        self.reader.metadata().file_metadata()
    }

    /// The names of all columns, in their order.
    pub(crate) fn columns(&self) -> Vec<&str> {
        self.metadata().schema().get_fields().iter().map(|field| field.name()).collect()
    }

    /// The columns called `names`; without names, all that can be printed.
    ///
    /// # Errors
    /// One is not there or cannot be printed, or none can.
    pub(crate) fn chosen(&self, names: &[String]) -> Result<Vec<Column>> {
        let (schema, features, there) = (self.metadata().schema_descr(), Features::of(self.metadata()), self.columns());
        let column = |name: &str| Column::new(schema, name, features.class_names(name));
        if names.is_empty() {
            let all: Vec<Column> = there.iter().filter_map(|name| column(name).ok()).collect();
            ensure!(!all.is_empty(), "`{}`: no column holds text or numbers", self.name);
            return Ok(all);
        }
        let named = |name: &String| {
            let listed = there.join("`, `");
            ensure!(there.contains(&name.as_str()), "`{}`: no column `{name}`; there are `{listed}`", self.name);
            column(name).map_err(|e| anyhow!("`{}`: {e}", self.name))
        };
        names.iter().map(named).collect()
    }

    /// Print all rows, each as an object of `columns`.
    ///
    /// # Errors
    /// The file is damaged, a text is not UTF-8, or the output cannot be written.
    pub(crate) fn print(&self, columns: &[Column], output: &mut impl Write) -> Result<()> {
        let mut n_printed = 0;
        for group in 0..self.reader.num_row_groups() {
            n_printed += self.print_group(group, n_printed, columns, output)?;
        }
        Ok(())
    }

    /// Print one group, before which the file has `before` rows; returns how many the group has.
    fn print_group(&self, group: usize, before: usize, columns: &[Column], output: &mut impl Write) -> Result<usize> {
        let broken = |e: String| anyhow!("`{}`, rows from {}: {e}", self.name, before + 1);
        let group = self.reader.get_row_group(group).map_err(|e| broken(damaged(&e.to_string())))?;
        let n_rows = usize::try_from(group.metadata().num_rows()).map_err(|_| broken(damaged("a number of rows")))?;
        let reader = |column: &Column| group.get_column_reader(column.leaf);
        let readers: Result<Vec<_>, _> = columns.iter().map(reader).collect();
        let mut readers = readers.map_err(|e| broken(fault(&e)))?;
        let keys: Vec<String> =
            columns.iter().map(|column| Ok(serde_json::to_string(&column.name)? + ":")).collect::<Result<_>>()?;
        for start in (0..n_rows).step_by(BATCH_ROWS) {
            let n = BATCH_ROWS.min(n_rows - start);
            let cells = columns.iter().zip(&mut readers).map(|(column, reader)| {
                column.values(reader, n).map_err(|(row, message)| {
                    anyhow!("`{}`, row {}: column `{}`: {message}", self.name, before + start + row + 1, column.name)
                })
            });
            let cells = cells.collect::<Result<Vec<_>>>()?;
            (0..n).try_for_each(|row| print_row(&keys, cells.iter().map(|column| &column[row]), output))?;
        }
        Ok(n_rows)
    }
}

fn print_row<'a>(
    keys: &[String],
    cells: impl Iterator<Item = &'a Value>,
    output: &mut impl Write,
) -> std::io::Result<()> {
    for (place, (key, cell)) in keys.iter().zip(cells).enumerate() {
        output.write_all(if place == 0 { b"{" } else { b"," })?;
        output.write_all(key.as_bytes())?;
        serde_json::to_writer(&mut *output, cell)?;
    }
    output.write_all(b"}\n")
}

/// The fault of a file of which the reader says `what`.
pub(crate) fn damaged(what: &str) -> String {
    format!("the file is damaged or cut short ({what}); download it again, or write it again")
}
