//! toml's error as one line: file, line, setting, what is wrong with it and what to write.

use std::path::Path;

use crate::defaults::least;
use crate::section::sections;
use crate::{Error, with_nearest};

/// The error of the study file at `path`, which holds `text`.
pub(crate) fn slip(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let offset = error.span().map_or(0, |span| span.start);
    let before = text.get(..offset).unwrap_or_default();
    let fault = error.message().replace('\n', " ");
    let name = setting(before);
    let message = match (name, mistyped(&fault, name.unwrap_or_default())) {
        (Some(name), Some((found, wanted))) => format!("`{name}` holds {found}; write {wanted}"),
        (Some(name), None) if !fault.starts_with(&format!("`{name}`")) => format!("`{name}`: {}", with_nearest(fault)),
        (None, Some((found, wanted))) => format!("{found} stands here; write {wanted}"),
        _ => misplaced(&fault).unwrap_or_else(|| with_nearest(fault)),
    };
    Error::Syntax { path: path.to_owned(), line: before.matches('\n').count() + 1, message }
}

/// The message about a setting that another section has.
fn misplaced(fault: &str) -> Option<String> {
    let (name, _) = fault.strip_prefix("unknown field `")?.split_once('`')?;
    sections(name).map(|places| format!("`{name}` cannot stand here; it belongs {places}"))
}

/// The setting whose value, or an element of whose list, follows `before`.
fn setting(before: &str) -> Option<&str> {
    let before_list = before.rsplit_once('[').filter(|(_, within)| !within.contains(['{', ']', '=']));
    let before = before_list.map_or(before, |(outside, _)| outside);
    let named = before.trim_end().strip_suffix('=')?.trim_end();
    let is_part = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let name = &named[named.trim_end_matches(is_part).len()..];
    Some(name).filter(|name| !name.is_empty())
}

/// What stands where a value of another type belongs, and what belongs there, in words.
fn mistyped<'a>(fault: &'a str, name: &str) -> Option<(&'a str, String)> {
    let types = fault.strip_prefix("invalid type: ").or_else(|| fault.strip_prefix("invalid value: "));
    let (found, wanted) = types?.split_once(", expected ")?;
    let found = match found {
        "sequence" => "a list",
        "map" => "a table",
        _ => found.strip_prefix("string ").or_else(|| found.find('`').map(|at| &found[at..])).unwrap_or(found),
    };
    let wanted = match wanted {
        "usize" | "u64" => return Some((found, format!("a whole number from {}", least(name)))),
        "f64" => "a number",
        "a string" => "a name between quotes",
        "a sequence" => "a list, such as `[1, 2]`",
        _ if wanted.starts_with("struct ") => "a table, such as `{ name = 1 }`",
        _ => wanted,
    };
    Some((found, wanted.to_owned()))
}
