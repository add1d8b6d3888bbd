//! toml's error as one line: file, line, setting, what is wrong with it and what to write.

use std::path::Path;

use crate::defaults::least;
use crate::section::sections;
use crate::{Configuration, Error, is_id, with_nearest};

/// Endings of the names of files of texts.
const TEXTS: [&str; 5] = ["jsonl", "ndjson", "csv", "tsv", "tab"];

/// A study that is always there.
const EXAMPLE: &str = "`pipelines/sample.toml`";

/// Names that people give to a learning rate.
const OF_OPTIMIZERS: [&str; 4] = ["learning_rate", "encoder_learning_rate", "head_learning_rate", "lr"];

const IN_OPTIMIZER: &str = "in `optimizer`, such as `optimizer = { kind = \"adam\", learning_rate = 1e-3 }` or \
                            `{ kind = \"adamw\", encoder_learning_rate = 3e-5, head_learning_rate = 1e-3 }`";

/// The error of the study file at `path`, which holds `text`.
pub(crate) fn slip(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    if let Some(message) = foreign(path, text) {
        return Error::value(message);
    }
    let span = error.span().unwrap_or_default();
    let before = text.get(..span.start).unwrap_or_default();
    let fault = error.message().replace('\n', " ");
    let name = setting(before);
    let message = match (name, mistyped(&fault, name.unwrap_or_default())) {
        (Some(name), Some((found, wanted))) => format!("`{name}` holds {found}; write {wanted}"),
        (Some(name), None) if !fault.starts_with(&format!("`{name}`")) => format!("`{name}`: {}", with_nearest(fault)),
        (None, Some((found, wanted))) => format!("{found} stands here; write {wanted}"),
        _ => known(&fault, path, text.get(span).unwrap_or_default()).unwrap_or_else(|| with_nearest(fault)),
    };
    Error::Syntax { path: path.to_owned(), line: before.matches('\n').count() + 1, message }
}

/// What a file is that was named in place of a study, and what to do.
fn foreign(path: &Path, text: &str) -> Option<String> {
    let place = path.display();
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if Configuration::from_json(text).is_ok() {
        return Some(format!("`{place}` is the configuration of a run, not a study; name a file such as {EXAMPLE}"));
    }
    let is_texts = TEXTS.iter().any(|known| ending == *known);
    is_texts.then(|| format!("`{place}` is not a study but texts; `plan new {place}` writes one"))
}

/// The message about a key that stands twice at `there`, that the file needs, or that belongs elsewhere.
fn known(fault: &str, path: &Path, there: &str) -> Option<String> {
    let named = |before: &str| Some(fault.strip_prefix(before)?.split_once('`')?.0);
    match (named("missing field `"), named("unknown field `")) {
        _ if fault == "duplicate key" => {
            Some(format!("`{}` stands twice; remove one", there.lines().next().unwrap_or_default()))
        }
        (Some("name"), _) => {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_id(stem)).unwrap_or("mail");
            Some(format!("no `name`; write `name = \"{stem}\"` at the top of the file"))
        }
        (Some("configuration"), _) => {
            Some("no `[[configuration]]`; add one, and below it an id such as `id = \"2VA\"`".to_owned())
        }
        (_, name) => misplaced(name?),
    }
}

/// The message about a setting that another section, or the optimizer, has.
fn misplaced(name: &str) -> Option<String> {
    let places = if OF_OPTIMIZERS.contains(&name) { Some(IN_OPTIMIZER.to_owned()) } else { sections(name) };
    places.map(|places| format!("`{name}` cannot stand here; it belongs {places}"))
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
