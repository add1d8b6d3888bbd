//! `{ kind, …options }`: a part chosen by name, whose options the crate that builds it checks.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A part chosen by name. This crate does not know which kinds exist: the crate that builds the part
/// turns [`Component::to_value`] into its own type and says which kinds and options it has.
///
/// `"cls-linear"` is written for `{ kind = "cls-linear" }` too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Component {
    /// The kind's name in kebab-case, such as `cls-linear`.
    pub kind: String,
    /// Everything else in the table.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

impl Component {
    /// A part of this kind without options.
    pub fn new(kind: impl Into<String>) -> Self {
        Component { kind: kind.into(), options: Map::new() }
    }

    /// A part of this kind with these options.
    pub(crate) fn with<const N: usize>(kind: &str, options: [(&str, Value); N]) -> Self {
        Component {
            options: options.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
            ..Self::new(kind)
        }
    }

    /// The whole table as one JSON object, `kind` first.
    pub fn to_value(&self) -> Value {
        let mut object = Map::from_iter([("kind".to_owned(), Value::from(self.kind.clone()))]);
        object.extend(self.options.clone());
        Value::Object(object)
    }
}

impl<'de> Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Written)
    }
}

/// Reads a kind alone, or a table with a kind in it.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Component;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind such as `\"cls-linear\"`, or a table such as `{ kind = \"bilstm\", layers = 2 }`")
    }

    fn visit_str<E: Error>(self, kind: &str) -> Result<Component, E> {
        Ok(Component::new(kind))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Component, A::Error> {
        let mut options = Map::new();
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            options.insert(name, value);
        }
        match options.shift_remove("kind") {
            Some(Value::String(kind)) => Ok(Component { kind, options }),
            Some(other) => Err(A::Error::custom(format!("`kind` must be a name, not `{other}`"))),
            None => Err(A::Error::missing_field("kind")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Component;

    #[test]
    fn a_kind_alone_is_a_table_without_options() {
        let read = |json: &str| serde_json::from_str::<Component>(json).map_err(|e| e.to_string());
        assert_eq!(read(r#""bilstm""#), read(r#"{"kind": "bilstm"}"#));
        let whole = read(r#"{"layers": 2, "kind": "bilstm", "hidden_size": 8}"#).unwrap();
        assert_eq!(whole.to_value().to_string(), r#"{"kind":"bilstm","layers":2,"hidden_size":8}"#);
        assert_eq!(read(&serde_json::to_string(&whole).unwrap()), Ok(whole));
        for (wrong, says) in
            [("3", "expected a kind such as"), ("{}", "missing field `kind`"), (r#"{"kind": 1}"#, "not `1`")]
        {
            assert!(read(wrong).unwrap_err().contains(says), "{wrong}");
        }
    }
}
