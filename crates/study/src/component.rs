//! `{ kind, …options }`: a part chosen by name, typed by its owner.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A part chosen by name. This crate does not know which kinds exist: the crate that builds the part
/// turns [`Component::to_value`] into its own type and says which kinds and options it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

    /// The whole table as one JSON object, `kind` first.
    pub fn to_value(&self) -> Value {
        let mut object = Map::from_iter([("kind".to_owned(), Value::from(self.kind.clone()))]);
        object.extend(self.options.clone());
        Value::Object(object)
    }
}
