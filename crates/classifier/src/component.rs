//! `{ kind, …options }` from a study file; an unknown kind is an error that lists the known ones.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Read the component called `what`, such as `head`.
///
/// # Errors
/// An unknown kind or option; the message lists what exists.
pub(crate) fn from_value<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, String> {
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    serde_json::from_value(value).map_err(|e| {
        let message = e.to_string();
        match message.strip_prefix("unknown variant") {
            Some(rest) => format!("unknown {what}{rest}"),
            None => format!("{what} `{kind}`: {message}"),
        }
    })
}
