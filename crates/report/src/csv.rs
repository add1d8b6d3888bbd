//! Tables as comma-separated values, for spreadsheets and data frames.

use anyhow::Result;
use polars::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::format::spaced;

/// A column for each field of `T`, in order; lists are separated by spaces, and what is unknown stays empty.
pub(crate) fn of<T: Serialize + Default>(rows: &[T]) -> Result<String> {
    let names: Map<String, Value> = serde_json::from_value(serde_json::to_value(T::default())?)?;
    let rows: Vec<Map<String, Value>> = serde_json::from_value(serde_json::to_value(rows)?)?;
    let column = |name: &String| {
        let cells: Vec<AnyValue> = rows.iter().map(|row| cell(&row[name])).collect();
        Ok(Series::from_any_values(name.into(), &cells, true)?.into_column())
    };
    text(DataFrame::new(rows.len(), names.keys().map(column).collect::<Result<_>>()?)?)
}

/// A header, then one row a line.
pub(crate) fn text(mut frame: DataFrame) -> Result<String> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut frame)?;
    Ok(String::from_utf8(bytes)?)
}

fn cell(value: &Value) -> AnyValue<'_> {
    match value {
        Value::Null | Value::Object(_) => AnyValue::Null,
        Value::Bool(truth) => AnyValue::Boolean(*truth),
        Value::Number(number) => number.as_u64().map_or(number.as_f64().map_or(AnyValue::Null, Into::into), Into::into),
        Value::String(text) => AnyValue::String(text),
        Value::Array(values) => AnyValue::StringOwned(spaced(values).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Serialize)]
    struct Row {
        name: &'static str,
        epochs: Vec<u64>,
        share: Option<f64>,
        n: u64,
    }

    #[test]
    fn fields_are_columns_and_nothing_stays_empty() {
        let rows = [
            Row { name: "a, b", epochs: vec![1, 3], share: Some(1.0), n: 2 },
            Row { name: "", epochs: vec![], share: None, n: 0 },
        ];
        assert_eq!(of(&rows).unwrap(), "name,epochs,share,n\n\"a, b\",1 3,1.0,2\n\"\",\"\",,0\n");
        let unknown = [Row::default()];
        assert_eq!(of(&unknown).unwrap().lines().nth(1), Some("\"\",\"\",,0"));
        assert_eq!(of::<Row>(&[]).unwrap(), "name,epochs,share,n\n");
    }
}
