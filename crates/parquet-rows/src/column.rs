//! One column: whether it can be printed, and its values as JSON.

use anyhow::{Result, anyhow};
use parquet::basic::{ConvertedType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use serde_json::Value;

use crate::table::damaged;

/// A column whose values are text, numbers, or true and false.
pub(crate) struct Column {
    pub(crate) name: String,
    /// Its place among the leaves of the schema.
    pub(crate) leaf: usize,
    about: ColumnDescPtr,
    class_names: Vec<String>,
}

impl Column {
    /// The column `name` of `schema`, which has it; `class_names` stand for the numbers in it.
    ///
    /// # Errors
    /// Its values are neither text nor numbers nor true and false; the message says what they are.
    pub(crate) fn new(schema: &SchemaDescriptor, name: &str, class_names: Vec<String>) -> Result<Self> {
        let leaf = schema.columns().iter().position(|about| about.path().parts() == [name]);
        let kind = leaf.map_or(Some("lists or records"), |leaf| unprintable(&schema.column(leaf)));
        match (leaf, kind) {
            (Some(leaf), None) => Ok(Column { name: name.to_owned(), leaf, about: schema.column(leaf), class_names }),
            (_, kind) => Err(anyhow!(
                "column `{name}` holds {}; write it as text, whole numbers, or true and false",
                kind.unwrap_or_default()
            )),
        }
    }

    /// The next `n` values of a row group, which `reader` reads. Where there is none, the value is `null`.
    ///
    /// # Errors
    /// The file is damaged, or a text is not UTF-8: the message has the place of the value among them, counted from 0.
    pub(crate) fn values(&self, reader: &mut ColumnReader, n: usize) -> Result<Vec<Value>, (usize, String)> {
        let unsigned = matches!(
            self.about.converted_type(),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
        );
        let whole = |number: i64| match usize::try_from(number).ok().and_then(|idx| self.class_names.get(idx)) {
            Some(name) => Value::from(name.as_str()),
            None if unsigned => Value::from(number as u64),
            None => Value::from(number),
        };
        let short = |number: i32| whole(if unsigned { i64::from(number as u32) } else { i64::from(number) });
        match reader {
            ColumnReader::BoolColumnReader(reader) => self.read(reader, n, |yes| Ok(yes.into())),
            ColumnReader::Int32ColumnReader(reader) => self.read(reader, n, |number| Ok(short(number))),
            ColumnReader::Int64ColumnReader(reader) => self.read(reader, n, |number| Ok(whole(number))),
            ColumnReader::FloatColumnReader(reader) => self.read(reader, n, |number| Ok(number.into())),
            ColumnReader::DoubleColumnReader(reader) => self.read(reader, n, |number| Ok(number.into())),
            ColumnReader::ByteArrayColumnReader(reader) => self.read(reader, n, text),
            _ => Err((0, damaged("another type than in the schema"))),
        }
    }

    fn read<T: DataType>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        n: usize,
        json: impl Fn(T::T) -> Result<Value, String>,
    ) -> Result<Vec<Value>, (usize, String)> {
        let (mut levels, mut found) = (vec![], vec![]);
        let read = reader.read_records(n, Some(&mut levels), None, &mut found);
        let n_read = read.map_err(|e| (0, fault(&e)))?.0;
        if n_read < n {
            return Err((n_read, damaged("fewer values than rows")));
        }
        let mut found = found.into_iter();
        let is_there = |row: usize| levels.get(row).is_none_or(|level| *level == self.about.max_def_level());
        let value = |row: usize| match is_there(row) {
            true => found.next().ok_or_else(|| damaged("fewer values than rows")).and_then(&json),
            false => Ok(Value::Null),
        };
        (0..n).zip((0..n).map(value)).map(|(row, value)| value.map_err(|message| (row, message))).collect()
    }
}

/// What the values of a column are that cannot be printed; `None` if they can.
fn unprintable(about: &ColumnDescPtr) -> Option<&'static str> {
    match (about.physical_type(), about.converted_type()) {
        _ if about.max_rep_level() > 0 => Some("lists"),
        (_, ConvertedType::DECIMAL) => Some("decimal numbers"),
        (Type::INT96, _) => Some("times"),
        (Type::FIXED_LEN_BYTE_ARRAY, _) => Some("bytes of a fixed number"),
        _ => None,
    }
}

fn text(bytes: ByteArray) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes.data());
    text.map(Value::from).map_err(|_| "the text is not UTF-8; write the file again from texts in UTF-8".to_owned())
}

/// What is wrong with a file of which the reader says `error`, and what to do.
pub(crate) fn fault(error: &ParquetError) -> String {
    match error {
        ParquetError::NYI(what) => format!("{what}; write the file again with snappy, gzip or zstd"),
        ParquetError::General(what) if what.contains("feature") => {
            format!("{what}; write the file again with snappy, gzip or zstd")
        }
        error => damaged(&error.to_string()),
    }
}
