//! Which column is the text, which the label, the id and the split: as `[data]` names them, or by their usual names.

use study::{Data, nearest};

/// The usual names of a column, whatever their case; the first is that of its setting, and goes before the others.
const TEXT: [&str; 4] = ["text", "sentence", "content", "review"];
const LABEL: [&str; 4] = ["label", "labels", "class", "category"];
const ID: [&str; 3] = ["id", "idx", "guid"];
const SPLIT: [&str; 1] = ["split"];

/// The names of the columns in one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// The column of the texts.
    pub text: String,
    /// The column of the classes.
    pub label: String,
    pub(crate) id: Option<String>,
    pub(crate) split: Option<String>,
}

impl Columns {
    /// Find them among those `there`.
    ///
    /// # Errors
    /// One is missing, or may be several: the message lists the columns, and says which setting names one.
    pub(crate) fn find(there: &[&str], data: &Data) -> Result<Self, String> {
        let find = |usual: &[&str], named: &Option<String>| find(there, usual, named.as_deref());
        let must = |usual: &[&str], named: &Option<String>| find(usual, named)?.ok_or_else(|| missing(there, usual));
        Ok(Columns {
            text: must(&TEXT, &data.text)?,
            label: must(&LABEL, &data.label)?,
            id: find(&ID, &data.id)?,
            split: find(&SPLIT, &data.split)?,
        })
    }
}

fn find(there: &[&str], usual: &[&str], named: Option<&str>) -> Result<Option<String>, String> {
    let setting = usual[0];
    let called = |name: &str| there.iter().filter(|column| **column == name).count();
    let wanted = named.unwrap_or(setting);
    let is_usual = |column: &&&str| usual.iter().any(|name| name.eq_ignore_ascii_case(column));
    let found: Vec<&&str> = there.iter().filter(is_usual).collect();
    match (called(wanted), named, &found[..]) {
        (1, ..) | (0, None, [_]) => Ok(Some(if called(wanted) == 1 { wanted } else { found[0] }.to_owned())),
        (0, None, []) => Ok(None),
        (0, None, _) => Err(format!(
            "the {setting} may be in any of {}; name its column in `[data]` with `{setting} = \"{}\"`",
            listed(&found),
            found[0]
        )),
        (0, Some(name), _) => {
            let meant = nearest(name, there.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let meant = meant.unwrap_or_default();
            Err(format!("no column `{name}`, which `{setting}` in `[data]` names; there are {}{meant}", listed(there)))
        }
        _ => Err(format!("{} columns are called `{wanted}`; rename all but one", called(wanted))),
    }
}

fn missing(there: &[&str], usual: &[&str]) -> String {
    let likeness = |column: &&&str| nearest(column, usual.iter().copied()).is_some();
    let setting = usual[0];
    let guess = there.iter().find(likeness).copied();
    let meant = guess.map(|near| format!("; did you mean `{setting} = \"{near}\"`?")).unwrap_or_default();
    let names = listed(usual);
    format!(
        "no column for the {setting}; the columns are {}, and none is called {names}: name it in `[data]` with \
         `{setting} = \"…\"`{meant}",
        listed(there)
    )
}

fn listed(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(there: &[&str], data: Data) -> Result<[Option<String>; 4], String> {
        let Columns { text, label, id, split } = Columns::find(there, &data)?;
        Ok([Some(text), Some(label), id, split])
    }

    fn columns(names: [&str; 4]) -> Result<[Option<String>; 4], String> {
        Ok(names.map(|name| Some(name.to_owned()).filter(|name| !name.is_empty())))
    }

    #[test]
    fn usual_names_are_found_whatever_their_case_and_the_settings_own_name_goes_first() {
        for (there, found) in [
            (["text", "label", "id", "split"], ["text", "label", "id", "split"]),
            (["Class", "extra", "IDX", "Review"], ["Review", "Class", "IDX", ""]),
            (["text", "content", "label", "category"], ["text", "label", "", ""]),
            (["Text", "text", "Label", "n"], ["text", "Label", "", ""]),
        ] {
            assert_eq!(find(&there, Data::default()), columns(found), "{there:?}");
        }
        let named = Data { text: Some("b".into()), label: Some("text".into()), ..Data::default() };
        assert_eq!(find(&["a", "b", "text"], named), columns(["b", "text", "", ""]));
    }

    #[test]
    fn a_missing_or_ambiguous_column_is_refused_with_what_to_do() {
        let named = |text: &str| Data { text: Some(text.to_owned()), ..Data::default() };
        let cases: [(&[&str], Data, &str); 6] = [
            (
                &["txt", "label"],
                Data::default(),
                "no column for the text; the columns are `txt`, `label`, and none is \
              called `text`, `sentence`, `content`, `review`: name it in `[data]` with `text = \"…\"`; did you mean \
              `text = \"txt\"`?",
            ),
            (&["text", "a"], Data::default(), "no column for the label; the columns are `text`, `a`, and none"),
            (
                &["Review", "content", "label"],
                Data::default(),
                "the text may be in any of `Review`, `content`; name its \
              column in `[data]` with `text = \"Review\"`",
            ),
            (
                &["body", "label"],
                named("bodi"),
                "no column `bodi`, which `text` in `[data]` names; there are `body`, \
              `label`; did you mean `body`?",
            ),
            (&["text", "label", "text"], Data::default(), "2 columns are called `text`; rename all but one"),
            (&["text", "label", "ID", "idx"], Data::default(), "the id may be in any of `ID`, `idx`"),
        ];
        for (there, data, says) in cases {
            let message = find(there, data).unwrap_err();
            assert!(message.starts_with(says), "{message}");
        }
    }
}
