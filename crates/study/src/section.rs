//! In which section of a study file a setting stands, and on which line.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::Settings;
use crate::{Data, Report, Study};

/// Settings of a row that `[defaults]` cannot have.
const OF_A_ROW: [&str; 3] = ["id", "seeds", "published_accuracy"];

/// The sections that have the setting `name`, in words; `None` if there is none.
pub(crate) fn sections(name: &str) -> Option<String> {
    let (in_study, in_data, in_row) = (has::<Study>(name), has::<Data>(name), has::<Settings>(name));
    let in_report = has::<Report>(name);
    let places = [
        (in_study, "at the top of the file"),
        (in_data, "in `[data]`"),
        (in_report, "in `[report]`"),
        (in_row && !OF_A_ROW.contains(&name), "in `[defaults]`"),
        (in_row, "in a `[[configuration]]`"),
    ];
    let places: Vec<&str> = places.into_iter().filter(|(has, _)| *has).map(|(_, place)| place).collect();
    (!places.is_empty()).then(|| places.join(" or "))
}

/// Whether `T` has a field `name`: serde lists the fields of `T` where it refuses one that no struct has.
fn has<T: DeserializeOwned>(name: &str) -> bool {
    let listed = toml::from_str::<T>("'' = 0").err().map(|error| error.message().to_owned()).unwrap_or_default();
    listed.split('`').skip(3).step_by(2).any(|field| field == name)
}

/// The message of a check, such as "\[data]: `test` is 20", or "configuration `2VA-s1`: `epochs` must be", behind the line of
/// the setting that it is about and with the section that has it; `None` if the file `text` does not have it.
pub(crate) fn placed(text: &str, message: &str) -> Option<String> {
    let (section, said) = message.split_once(": `")?;
    let (setting, _) = said.split_once('`')?;
    let study = DeTable::parse(text).ok()?;
    let study = study.get_ref();
    let start = |section: &Spanned<DeValue>| Some(section.get_ref().get(setting)?.span().start);
    let (section, start) = match (section, section.strip_prefix("configuration `")) {
        ("[data]", _) => (section, start(study.get("data")?)?),
        (_, named) => match row(study, named?.strip_suffix('`')?).and_then(start) {
            Some(start) => (section, start),
            None => ("[defaults]", start(study.get("defaults")?)?),
        },
    };
    Some(format!("line {}: {section}: `{said}", text[..start].matches('\n').count() + 1))
}

/// The row whose id, or that of one of whose runs, is `named`.
fn row<'a>(study: &'a DeTable<'a>, named: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let is_of = |id: &str| named == id || named.strip_prefix(id).is_some_and(|seed| seed.starts_with("-s"));
    let id = |row: &Spanned<DeValue>| row.get_ref().get("id").and_then(|id| id.get_ref().as_str()).is_some_and(is_of);
    study.get("configuration")?.get_ref().as_array()?.iter().find(|row| id(row))
}
