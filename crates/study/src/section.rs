//! In which section of a study file a setting stands.

use serde::de::DeserializeOwned;

use crate::settings::Settings;
use crate::{Data, Study};

/// Settings of a row that `[defaults]` cannot have.
pub(crate) const OF_A_ROW: [&str; 3] = ["id", "seeds", "published_accuracy"];

/// The sections that have the setting `name`, in words; `None` if there is none.
pub(crate) fn sections(name: &str) -> Option<String> {
    let (in_study, in_data, in_row) = (has::<Study>(name), has::<Data>(name), has::<Settings>(name));
    let places = [
        (in_study, "at the top of the file"),
        (in_data, "in `[data]`"),
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
