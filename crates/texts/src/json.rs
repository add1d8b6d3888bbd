//! Records of JSON: one a line, or the elements of one array.

use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;

use anyhow::{Result, anyhow};
use records::Split;
use records::fields::{Label, label_of, text_of};
use records::jsonl;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use study::Data;

use crate::columns::Columns;
use crate::reader::{Example, split_called};

/// The records of one file.
pub(crate) struct Records {
    records: jsonl::Reader<IgnoredAny, Box<dyn BufRead>>,
    /// Known from the first record on.
    columns: Columns,
    is_first: bool,
    data: Data,
    /// Whether each line is a row of a Parquet file.
    are_rows: bool,
}

impl Records {
    pub(crate) fn new(records: jsonl::Reader<IgnoredAny, Box<dyn BufRead>>, data: &Data) -> Self {
        Records { records, columns: Columns::default(), is_first: true, data: data.clone(), are_rows: false }
    }

    /// Rows of a Parquet file, with `columns`.
    pub(crate) fn of_rows(records: jsonl::Reader<IgnoredAny, Box<dyn BufRead>>, columns: Columns) -> Self {
        Records { records, columns, is_first: false, data: Data::default(), are_rows: true }
    }

    pub(crate) fn number(&self) -> usize {
        self.records.number()
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn error(&self, message: String) -> anyhow::Error {
        self.fault(self.records.error(message))
    }

    /// A fault in words: in a row of Parquet, places in the line of JSON mean nothing.
    fn fault(&self, error: records::Error) -> anyhow::Error {
        match error {
            records::Error::Line { name, message, .. }
                if self.are_rows && message.starts_with(&format!("`{name}`")) =>
            {
                anyhow!(message)
            }
            records::Error::Line { name, line, message } if self.are_rows => {
                anyhow!("`{name}`, row {line}: {}", without_place(&message))
            }
            other => other.into(),
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Example>> {
        if !self.records.advance().map_err(|e| self.fault(e))? {
            return Ok(None);
        }
        if std::mem::take(&mut self.is_first) {
            self.columns = self.find_columns()?;
        }
        let Fields { id, split, label, text } =
            self.records.parse_as(Wanted(&self.columns)).map_err(|e| self.fault(e))?;
        let key = self.columns.id.as_deref().unwrap_or_default();
        let is_there = id.as_ref().is_some_and(|id| !id.is_null() && id != "");
        let id = self.records.id(key, id).map_err(|e| self.fault(e))?;
        Ok(Some(Example { id: is_there.then_some(id), split, label, text }))
    }

    /// From the keys of the first record. Later ones may add an id or a split by the name of the setting.
    fn find_columns(&self) -> Result<Columns> {
        let keys: Vec<String> = self.records.parse_as(Keys)?;
        let there: Vec<&str> = keys.iter().map(String::as_str).collect();
        let wrapped = || self.records.parse::<HashMap<String, Value>>().ok()?.into_iter().find(holds_records);
        let mut columns = Columns::find(&there, &self.data).map_err(|message| match wrapped() {
            Some((key, _)) => {
                self.error(format!("`{key}` holds the records; write its array alone, or one record a line"))
            }
            None => self.error(message),
        })?;
        columns.id.get_or_insert_with(|| "id".to_owned());
        columns.split.get_or_insert_with(|| "split".to_owned());
        Ok(columns)
    }
}

/// `message` without the number of a column before it.
fn without_place(message: &str) -> &str {
    let behind = message.strip_prefix("column ").and_then(|rest| rest.split_once(": "));
    behind.filter(|(place, _)| place.parse::<usize>().is_ok()).map_or(message, |(_, rest)| rest)
}

/// Whether a field holds a list of records, and so the whole source.
fn holds_records((_, value): &(String, Value)) -> bool {
    value.as_array().is_some_and(|list| list.first().is_some_and(Value::is_object))
}

/// Reads the keys of a record.
struct Keys;

impl<'de> DeserializeSeed<'de> for Keys {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a record, `{…}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = vec![];
        while let Some((key, IgnoredAny)) = map.next_entry()? {
            keys.push(key);
        }
        Ok(keys)
    }
}

/// Reads the fields of a record that these columns name.
struct Wanted<'c>(&'c Columns);

struct Fields {
    id: Option<Value>,
    split: Option<Split>,
    label: Label,
    text: String,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Fields, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a record, `{…}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let Columns { text: text_key, label: label_key, id: id_key, split: split_key } = self.0;
        let (mut id, mut split, mut label, mut text) = (None, None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let duplicate = || Err(A::Error::custom(format!("duplicate field `{key}`")));
            if key == *text_key {
                let None = text else { return duplicate() };
                text = Some(text_of(&key, map.next_value()?).map_err(A::Error::custom)?);
            } else if key == *label_key {
                let None = label else { return duplicate() };
                label = Some(label_of(&key, map.next_value()?).map_err(A::Error::custom)?);
            } else if Some(&key) == id_key.as_ref() {
                let None = id else { return duplicate() };
                id = Some(map.next_value::<Value>()?);
            } else if Some(&key) == split_key.as_ref() {
                let None = split else { return duplicate() };
                let name: Option<String> = map.next_value()?;
                split = Some(name.map(|name| split_called(&name)).transpose().map_err(A::Error::custom)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let missing = |key: &str, fix: &str| A::Error::custom(format!("no `{key}`; {fix}, or leave the line out"));
        let text = text.ok_or_else(|| missing(text_key, "write it"))?;
        let label = label.ok_or_else(|| missing(label_key, "name its class"))?;
        Ok(Fields { id, split: split.flatten(), label, text })
    }
}
