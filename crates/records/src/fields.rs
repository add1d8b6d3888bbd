//! The fields `id`, `label` and `text`, as people and their tools write them.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The largest whole number below which a double holds every whole number: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What to do about the label -1.
const MINUS_ONE: &str = "write a name, or a whole number from 0; if it marks texts without a label, as in test sets of \
                         the hub, leave them out";

/// A class by its index or its name. `1.0` is the index 1, which pandas writes where a column has gaps; `true` and
/// `false` are names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Label {
    /// Counted from 0.
    Index(usize),
    /// As it was written.
    Name(String),
}

impl Label {
    /// The class's name; an index is looked up in `labels`.
    pub fn name<'a>(&'a self, labels: &'a [String]) -> Cow<'a, str> {
        match self {
            Label::Name(name) => name.into(),
            Label::Index(index) => labels.get(*index).map_or_else(|| index.to_string().into(), |name| name.into()),
        }
    }

    /// Whether this is `class`, whose name `labels` has.
    pub fn is(&self, class: usize, labels: &[String]) -> bool {
        match self {
            Label::Index(index) => *index == class,
            Label::Name(name) => labels.get(class) == Some(name),
        }
    }

    fn of_number(number: &serde_json::Number) -> Option<Self> {
        let whole = |number: &f64| number.fract() == 0.0 && (0.0..EXACT).contains(number);
        let index = number.as_u64().or_else(|| number.as_f64().filter(whole).map(|number| number as u64));
        index.and_then(|index| usize::try_from(index).ok()).map(Label::Index)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        label_of("label", Value::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The label that `found` is, the value of the field `key`.
///
/// # Errors
/// It is none; the message says what it is, and what to do.
pub fn label_of(key: &str, found: Value) -> Result<Label, String> {
    let (found, fix) = match found {
        Value::String(name) => return Ok(Label::Name(name)),
        Value::Bool(yes) => return Ok(Label::Name(yes.to_string())),
        Value::Number(number) => match (Label::of_number(&number), number.as_i64()) {
            (Some(label), _) => return Ok(label),
            (None, Some(-1)) => ("-1".to_owned(), MINUS_ONE),
            (None, _) => (number.to_string(), "write a name, or a whole number from 0"),
        },
        Value::Null => ("null".to_owned(), "give the text a label, or leave the line out"),
        other => (kind(&other).to_owned(), "a text has one class: write its name or its index"),
    };
    Err(format!("`{key}` is {found}; {fix}"))
}

/// Read a `text`, which is a string; for `#[serde(deserialize_with)]`.
///
/// # Errors
/// It is something else; the message says what, and what to do.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text_of("text", Value::deserialize(from)?).map_err(D::Error::custom)
}

/// The text that `found` is, the value of the field `key`.
///
/// # Errors
/// It is not a string; the message says what it is, and what to do.
pub fn text_of(key: &str, found: Value) -> Result<String, String> {
    match found {
        Value::String(text) => Ok(text),
        other => Err(format!("`{key}` is {}; write a string, or leave the line out", kind(&other))),
    }
}

/// The id of `record`, whose field `key` holds `found`: a string, or a number with its digits as they are written. A
/// record without one, or with `null`, has its `number`.
pub(crate) fn id(found: Option<Value>, key: &str, record: &[u8], number: usize) -> Result<String, String> {
    match found {
        None | Some(Value::Null) => Ok(number.to_string()),
        Some(Value::String(id)) => Ok(id),
        Some(Value::Number(id)) => Ok(digits_behind(key, record).map_or_else(|| id.to_string(), str::to_owned)),
        Some(other) => Err(format!("`{key}` is {}; write a string or a number", kind(&other))),
    }
}

/// The number that stands behind `key` in `record`, which is a valid object, as it is written there. Outside inner
/// objects and lists, a number stands only behind a key.
fn digits_behind<'a>(key: &str, record: &'a [u8]) -> Option<&'a str> {
    let quoted = serde_json::to_vec(key).ok()?;
    let (mut depth, mut at, mut is_id) = (0, 0, false);
    while let Some(byte) = record.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at += length_of_string(&record[at..]);
                is_id = record.get(start..at) == Some(&quoted);
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'-' | b'0'..=b'9' if depth == 1 && is_id => {
                let is_digit = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                let number = record[start..].split(|byte| !is_digit(byte)).next()?;
                return std::str::from_utf8(number).ok();
            }
            _ => {}
        }
    }
    None
}

/// Bytes up to and with the quote that ends a string; `\` escapes the byte behind it.
fn length_of_string(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(record: &str) -> Result<String, String> {
        let found: Value = serde_json::from_str(record).map_err(|e| e.to_string())?;
        id(found.get("id").cloned(), "id", record.as_bytes(), 7)
    }

    #[test]
    fn an_id_is_a_string_or_a_number_as_it_is_written_or_the_line() {
        for digits in ["1", "0", "-3", "1.0", "1.50", "1e5", "1E+5", "18446744073709551616", "123456789012345678901234"]
        {
            for record in [
                format!(r#"{{"id":{digits},"text":"a"}}"#),
                format!(r#"{{"text":"\"id\": 5 {{","n":[1,{{"id":9}}],"m":2, "id" : {digits}}}"#),
                format!(r#"{{"text":"id","n":4,"o":{{"id":3}},"id":{digits} }}"#),
            ] {
                assert_eq!(id_of(&record).unwrap(), digits, "{record}");
            }
        }
        assert_eq!(id_of(r#"{"id":"a\n1"}"#).unwrap(), "a\n1");
        for none in [r#"{"text":"a"}"#, r#"{"id":null}"#, r#"{"x":{"id":5}}"#] {
            assert_eq!(id_of(none).unwrap(), "7", "{none}");
        }
    }

    #[test]
    fn other_ids_are_refused_by_name() {
        for (record, found) in
            [(r#"{"id":{}}"#, "an object"), (r#"{"id":[1]}"#, "a list"), (r#"{"id":true}"#, "true or false")]
        {
            assert_eq!(id_of(record).unwrap_err(), format!("`id` is {found}; write a string or a number"));
        }
        assert_eq!(id(Some(1.into()), "a\"b", br#"{"id":2,"a\"b":1.0}"#, 7).unwrap(), "1.0");
    }

    #[test]
    fn labels_are_names_indices_and_whole_floats() {
        let label = |json: &str| serde_json::from_str::<Label>(json).map_err(|e| e.to_string());
        for (json, index) in [("1", 1), ("1.0", 1), ("0.0", 0), ("-0.0", 0), ("2e1", 20)] {
            assert_eq!(label(json), Ok(Label::Index(index)), "{json}");
        }
        for (json, name) in [("\"x\"", "x"), ("true", "true"), ("false", "false"), ("\"1.0\"", "1.0")] {
            assert_eq!(label(json), Ok(Label::Name(name.to_owned())), "{json}");
        }
        for (json, says) in [
            ("1.5", "`label` is 1.5; write a name, or a whole number from 0"),
            (
                "-1",
                "`label` is -1; write a name, or a whole number from 0; if it marks texts without a label, as in test",
            ),
            ("-2", "`label` is -2; write a name"),
            ("1e300", "`label` is 1e+300; write a name"),
            ("null", "`label` is null; give the text a label, or leave the line out"),
            ("[0,1]", "`label` is a list; a text has one class"),
            ("{}", "`label` is an object;"),
        ] {
            let message = label(json).unwrap_err();
            assert!(message.starts_with(says), "{message}");
        }
    }

    #[test]
    fn a_label_is_shown_by_its_name() {
        let labels = ["bad", "good"].map(str::to_owned);
        assert_eq!(Label::Index(1).name(&labels), "good");
        assert_eq!(Label::Index(5).name(&labels), "5");
        assert!(Label::Name("bad".into()).is(0, &labels) && !Label::Index(1).is(0, &labels));
    }
}
