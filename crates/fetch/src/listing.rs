//! The hub's list of a data set's files, and which of them a configuration has.
//!
//! As `datasets` does, it follows the card (<https://huggingface.co/docs/hub/datasets-manual-configuration>), and without
//! one the words in the names of files and folders.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use records::Split;
use serde::Deserialize;
use serde_json::Value;
use study::nearest;

use crate::pattern;
use crate::sources::is_plain;

/// The endings of files that `prep` reads, the preferred first.
const ENDINGS: [&str; 7] = [".parquet", ".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".tsv", ".json"];

const DEFAULT: &str = "default";

/// What the hub says of a repository at a revision.
#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Value,
}

#[derive(Debug, Deserialize)]
struct Sibling {
    rfilename: String,
}

/// What is to be fetched.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Chosen {
    pub(crate) configuration: String,
    /// A name for each file, which says its split, and its path in the repository.
    pub(crate) files: BTreeMap<String, String>,
    /// Splits that are neither train nor validation nor test.
    pub(crate) left_out: Vec<String>,
}

/// Paths with the names of their splits.
type Named<'a> = Vec<(String, &'a str)>;

impl Listing {
    /// The commit of the revision.
    ///
    /// # Errors
    /// It is no name that can be a part of an address.
    pub(crate) fn commit(&self) -> Result<&str> {
        ensure!(is_plain(&self.sha), "the hub names the commit `{}`, which is none", self.sha);
        Ok(&self.sha)
    }

    /// The files of the configuration `asked`, or of the only one or the default.
    ///
    /// # Errors
    /// There is no such configuration, several and none is asked for, or none with a split for training.
    pub(crate) fn chosen(&self, asked: Option<&str>) -> Result<Chosen, String> {
        let all = self.configurations();
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        let listed = || format!("there are `{}`", names.join("`, `"));
        let found = match (asked, &all[..]) {
            (_, []) => return Err(no_train()),
            (None, [only]) => Some(only),
            (asked, _) => all.iter().find(|(name, _)| name == asked.unwrap_or(DEFAULT)),
        };
        let (name, files) = match (found, asked) {
            (Some(found), _) => found,
            (None, None) => {
                return Err(format!("it has several configurations; choose one by `--config`: {}", listed()));
            }
            (None, Some(asked)) => {
                let meant = nearest(asked, names.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
                return Err(format!("no configuration `{asked}`; {}{}", listed(), meant.unwrap_or_default()));
            }
        };
        let mut chosen = Chosen { configuration: name.clone(), ..Chosen::default() };
        files.iter().for_each(|(split, path)| chosen.put(split, path));
        match chosen.files.keys().any(|name| split_of(name) == Some(Split::Train)) {
            true => Ok(chosen),
            false => Err(no_train()),
        }
    }

    /// The configurations with their files: those of the card, else a folder for each, else one.
    fn configurations(&self) -> Vec<(String, Named<'_>)> {
        let paths = self.siblings.iter().map(|sibling| sibling.rfilename.as_str());
        let paths: Vec<&str> = paths.filter(|path| path.split('/').all(is_plain) && ending(path).is_some()).collect();
        let configs = self.card["configs"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !configs.is_empty() {
            return configs.iter().map(|config| (name_in(config), of_card(config, &paths))).collect();
        }
        if paths.is_empty() {
            return vec![];
        }
        let mut folders = BTreeMap::<&str, Vec<&str>>::new();
        for path in &paths {
            let parts: Vec<&str> = path.split('/').collect();
            match parts[..] {
                [configuration, split, _] if split_of(split).is_some() => {
                    folders.entry(configuration).or_default().push(*path);
                }
                _ => return vec![(DEFAULT.to_owned(), by_name(&paths))],
            }
        }
        folders.into_iter().map(|(name, paths)| (name.to_owned(), by_name(&paths))).collect()
    }
}

impl Chosen {
    fn put(&mut self, split: &str, path: &str) {
        let Some(of) = Split::called(split) else {
            if !self.left_out.iter().any(|name| name == split) {
                self.left_out.push(split.to_owned());
            }
            return;
        };
        let base = path.rsplit('/').next().unwrap_or(path);
        let mut name = if split_of(base) == Some(of) { base.to_owned() } else { format!("{of}-{base}") };
        if self.files.get(&name).is_some_and(|there| there != path) {
            name = format!("{of}-{}", path.replace('/', "-"));
        }
        self.files.insert(name, path.to_owned());
    }
}

fn name_in(config: &Value) -> String {
    config["config_name"].as_str().unwrap_or(DEFAULT).to_owned()
}

/// The files of a configuration in the card: patterns for each split, or a folder.
fn of_card<'a>(config: &Value, paths: &[&'a str]) -> Named<'a> {
    let folder =
        config["data_dir"].as_str().map(|folder| folder.trim_matches('/').to_owned() + "/").unwrap_or_default();
    let inside = |path: &&'a str| path.starts_with(&folder);
    let patterns: Vec<(&str, &str)> = match &config["data_files"] {
        Value::Null => return by_name(&paths.iter().copied().filter(inside).collect::<Vec<_>>()),
        Value::Object(splits) => {
            splits.iter().flat_map(|(split, of)| texts(of).map(move |text| (split.as_str(), text))).collect()
        }
        Value::Array(entries) if entries.iter().all(Value::is_object) => {
            entries.iter().flat_map(split_and_patterns).collect()
        }
        all => texts(all).map(|text| ("train", text)).collect(),
    };
    let of = |(split, text): (&str, &str)| -> Named<'a> {
        let text = folder.clone() + text.trim_start_matches("./");
        paths.iter().filter(|path| pattern::matches(&text, path)).map(|path| (split.to_owned(), *path)).collect()
    };
    patterns.into_iter().flat_map(of).collect()
}

fn split_and_patterns(entry: &Value) -> impl Iterator<Item = (&str, &str)> {
    let split = entry["split"].as_str().unwrap_or("train");
    texts(&entry["path"]).map(move |text| (split, text))
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

/// Files whose names or folders say a split, each split in the best of its formats; one file alone is for training.
fn by_name<'a>(paths: &[&'a str]) -> Named<'a> {
    if let [only] = paths {
        return vec![(split_in(only).unwrap_or(Split::Train).to_string(), *only)];
    }
    let best =
        |split: Split| paths.iter().filter(|path| split_in(path) == Some(split)).filter_map(|path| ending(path)).min();
    let best = Split::ALL.map(best);
    let is_best = |split: &Split, path: &str| ending(path) == best[*split as usize];
    let named = |path: &&'a str| Some((split_in(path).filter(|split| is_best(split, path))?.to_string(), *path));
    paths.iter().filter_map(named).collect()
}

/// The split that a path says: the name of the file first, then its folder, and so on.
fn split_in(path: &str) -> Option<Split> {
    path.rsplit('/').find_map(split_of)
}

/// The split that a word of a name says.
fn split_of(name: &str) -> Option<Split> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).find_map(Split::called)
}

/// The place of a file's ending in [`ENDINGS`].
fn ending(path: &str) -> Option<usize> {
    ENDINGS.iter().position(|ending| path.to_ascii_lowercase().ends_with(ending))
}

fn no_train() -> String {
    format!(
        "no file of a split for training; files end in `{}`, and a word of the name says the split",
        ENDINGS.join("`, `")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(card: Value, paths: &[&str], asked: Option<&str>) -> Result<Vec<(String, String)>, String> {
        let siblings: Vec<Value> = paths.iter().map(|path| json!({"rfilename": path})).collect();
        let listing: Listing =
            serde_json::from_value(json!({"sha": "c0", "siblings": siblings, "cardData": card})).unwrap();
        listing.chosen(asked).map(|chosen| chosen.files.into_iter().collect())
    }

    fn files(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        Ok(pairs.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect())
    }

    #[test]
    fn without_a_card_words_in_names_and_folders_say_the_split() {
        for (paths, found) in [
            (
                &["README.md", "data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet", "x.py"][..],
                &[
                    ("test-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"),
                    ("train-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"),
                ][..],
            ),
            (
                &["train.csv", "train.parquet", "dev.parquet", "test.csv"],
                &[("dev.parquet", "dev.parquet"), ("test.csv", "test.csv"), ("train.parquet", "train.parquet")],
            ),
            (&["mail.csv", "README.md"], &[("train-mail.csv", "mail.csv")]),
            (
                &["train/a.jsonl", "more/train/a.jsonl", "test/a.jsonl"],
                &[
                    ("test-a.jsonl", "test/a.jsonl"),
                    ("train-a.jsonl", "train/a.jsonl"),
                    ("train-more-train-a.jsonl", "more/train/a.jsonl"),
                ],
            ),
            (
                &["default/train/0000.parquet", "default/test/0000.parquet"],
                &[
                    ("test-0000.parquet", "default/test/0000.parquet"),
                    ("train-0000.parquet", "default/train/0000.parquet"),
                ],
            ),
            (
                &["../train.csv", "/train.csv", "a b/train.csv", ".x/train.csv", "ok/train.csv"],
                &[("train.csv", "ok/train.csv")],
            ),
        ] {
            assert_eq!(chosen(Value::Null, paths, None), files(found), "{paths:?}");
        }
        for paths in [&["README.md"][..], &[], &["a.csv", "b.csv"], &["test.csv"], &["../../train.csv"]] {
            let message = chosen(Value::Null, paths, None).unwrap_err();
            assert!(message.starts_with("no file of a split for training"), "{paths:?}: {message}");
        }
    }

    #[test]
    fn the_card_says_configurations_splits_and_files() {
        let paths = ["en/tr-0.csv", "en/tr-1.csv", "en/te.csv", "de/train.csv", "de/test.csv", "all.jsonl"];
        let card = json!({"configs": [
            {"config_name": "en", "data_files": [
                {"split": "train", "path": "en/tr-*"}, {"split": "test", "path": ["en/te.csv"]},
                {"split": "unsupervised", "path": "all.jsonl"},
            ]},
            {"config_name": "de", "data_dir": "de"},
            {"config_name": "all", "data_files": "*.jsonl"},
            {"config_name": "object", "data_files": {"train": "./de/train.csv", "test": "**/te.csv"}},
        ]});
        let of = |asked| chosen(card.clone(), &paths, Some(asked));
        let english =
            [("test-te.csv", "en/te.csv"), ("train-tr-0.csv", "en/tr-0.csv"), ("train-tr-1.csv", "en/tr-1.csv")];
        assert_eq!(of("en"), files(&english));
        assert_eq!(of("de"), files(&[("test.csv", "de/test.csv"), ("train.csv", "de/train.csv")]));
        assert_eq!(of("all"), files(&[("train-all.jsonl", "all.jsonl")]));
        assert_eq!(of("object"), files(&[("test-te.csv", "en/te.csv"), ("train.csv", "de/train.csv")]));
        assert_eq!(
            of("objec").unwrap_err(),
            "no configuration `objec`; there are `en`, `de`, `all`, `object`; did you mean `object`?"
        );
        let message = chosen(card.clone(), &paths, None).unwrap_err();
        assert!(
            message.starts_with("it has several configurations; choose one by `--config`: there are `en`"),
            "{message}"
        );
    }

    #[test]
    fn the_default_configuration_goes_before_others() {
        let paths = ["default/train/0000.parquet", "more/train/0000.parquet"];
        assert_eq!(chosen(Value::Null, &paths, None), files(&[("train-0000.parquet", paths[0])]));
        assert_eq!(chosen(Value::Null, &paths, Some("more")), files(&[("train-0000.parquet", paths[1])]));
    }
}
