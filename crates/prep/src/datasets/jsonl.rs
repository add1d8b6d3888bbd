//! Texts of your own: `{"id","split","label","text"}`, one object a line, from a file or stdin.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use records::Split;
use records::fields::Label;
use records::jsonl::Reader;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Dataset, Opened, Review, Source};

/// The limit on the number of classes. Beyond it, a label is more likely a mistake.
const MOST_CLASSES: usize = 1000;

#[derive(Deserialize)]
struct Line {
    #[serde(default = "train")]
    split: Split,
    /// A misspelled `split`, which would put a test example into train.
    #[serde(default, rename = "Split", alias = "SPLIT")]
    slip: Option<IgnoredAny>,
    label: Label,
    #[serde(deserialize_with = "records::fields::text")]
    text: String,
}

fn train() -> Split {
    Split::Train
}

pub(crate) fn open(source: &Source) -> Result<Opened> {
    ensure!(source.archive.is_none(), "reads `--input FILE`, not `--archive`");
    match source.input.as_deref() {
        Some(path) if path != Path::new("-") => open_file(path),
        _ => {
            let stdin = console::piped("JSON Lines")?;
            Ok(opened("stdin".to_owned(), || Box::new(BufReader::new(stdin))))
        }
    }
}

fn open_file(path: &Path) -> Result<Opened> {
    let name = path.display().to_string();
    let missing = |e| anyhow!("reading `{name}`: {e}; name a file of JSON Lines with `--input`, or `-` for stdin");
    let file = File::open(path).map_err(missing)?;
    ensure!(!path.is_dir(), "`{name}` is a folder; name a file of JSON Lines with `--input`, or `-` for stdin");
    Ok(opened(name, || Box::new(BufReader::with_capacity(1 << 20, file))))
}

fn opened(name: String, input: impl FnOnce() -> Box<dyn BufRead> + 'static) -> Opened {
    let description = format!("`{name}`");
    Opened { description, read: Box::new(|| read(Reader::new(name, input()))) }
}

fn read(mut lines: Reader<Line, impl BufRead>) -> Result<Dataset> {
    let mut read = Vec::new();
    while let Some((id, line)) = lines.next_with_id()? {
        check(&line, read.first().map(|(_, first)| first)).map_err(|message| lines.error(message))?;
        read.push((id, line));
    }
    ensure!(!read.is_empty(), "holds no examples");
    let labels = labels(read.iter().map(|(_, line)| &line.label))?;
    let reviews = read.into_iter().map(|(id, line)| line.review(id, &labels)).collect();
    Ok(Dataset { labels, reviews })
}

fn check(line: &Line, first: Option<&Line>) -> Result<(), String> {
    if line.slip.is_some() {
        return Err("a field `Split`; did you mean `split`?".to_owned());
    }
    match (&line.label, first.map(|first| &first.label)) {
        (Label::Name(name), _) if name.is_empty() => {
            Err("`label` is empty; name the class, or leave the line out".to_owned())
        }
        (Label::Name(name), _) if name.trim() != name => {
            Err(format!("label `{name}` has white space around it, which would make it a class of its own"))
        }
        (Label::Index(index), _) if *index >= MOST_CLASSES => {
            Err(format!("label {index}, but the limit is {MOST_CLASSES} classes, 0 to {}", MOST_CLASSES - 1))
        }
        (Label::Index(index), Some(Label::Name(_))) => Err(format!("label {index} among labels that are names")),
        (Label::Name(name), Some(Label::Index(_))) => Err(format!("label `{name}` among labels that are indices")),
        _ => Ok(()),
    }
}

/// Class names by index: names in alphabetical order, so that the order of lines does not matter.
fn labels<'a>(labels: impl Iterator<Item = &'a Label>) -> Result<Vec<String>> {
    let (mut names, mut highest) = (BTreeSet::new(), None);
    for label in labels {
        match label {
            Label::Name(name) => drop(names.insert(name)),
            Label::Index(index) => highest = highest.max(Some(*index)),
        }
    }
    ensure!(
        names.len() <= MOST_CLASSES,
        "has {} classes, but the limit is {MOST_CLASSES}; is `label` the class, and not a text of its own?",
        names.len()
    );
    match (highest, names.first()) {
        (Some(highest), _) => Ok((0..=highest.max(1)).map(|index| index.to_string()).collect()),
        (None, Some(only)) if names.len() == 1 => bail!("every label is `{only}`; a classifier needs two classes"),
        (None, _) => Ok(names.into_iter().cloned().collect()),
    }
}

impl Line {
    fn review(self, id: String, labels: &[String]) -> Review {
        let label = match &self.label {
            Label::Index(index) => *index,
            Label::Name(name) => labels.partition_point(|label| label < name),
        };
        Review { id, split: self.split, label, text: self.text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&str]) -> Result<Dataset> {
        read(Reader::new("it", lines.join("\n").as_bytes()))
    }

    fn line(id: &str, label: &str) -> String {
        format!(r#"{{"id":"{id}","label":{label},"text":"t","extra":1}}"#)
    }

    #[test]
    fn names_are_numbered_alphabetically_whatever_their_order() {
        let (pos, neg) = (line("a", "\"pos\""), line("b", "\"neg\""));
        for lines in [[&pos, &neg], [&neg, &pos]] {
            let dataset = parse(&lines.map(String::as_str)).unwrap();
            assert_eq!(dataset.labels, ["neg", "pos"]);
            assert!(dataset.reviews.iter().all(|review| review.label == usize::from(review.id == "a")));
            assert!(dataset.reviews.iter().all(|review| review.split == Split::Train));
        }
    }

    #[test]
    fn indices_stay_what_they_are_even_if_a_class_is_absent() {
        let dataset = parse(&[&line("a", "2")]).unwrap();
        assert_eq!(dataset.labels, ["0", "1", "2"]);
        assert_eq!(dataset.reviews[0].label, 2);
    }

    #[test]
    fn ids_may_be_numbers_or_missing_and_labels_as_pandas_writes_them() {
        let dataset = parse(&[
            r#"{"id":18446744073709551616,"label":1.0,"text":"a"}"#,
            r#"{"label":0.0,"text":"b \ud83d"}"#,
            r#"{"id":null,"label":1,"text":"c"}"#,
        ]);
        let reviews = dataset.unwrap().reviews;
        let read: Vec<_> = reviews.iter().map(|r| (r.id.as_str(), r.label, r.text.as_str())).collect();
        assert_eq!(read, [("18446744073709551616", 1, "a"), ("2", 0, "b \u{fffd}"), ("3", 1, "c")]);
        assert_eq!(parse(&[&line("a", "true"), &line("b", "false")]).unwrap().labels, ["false", "true"]);
    }

    #[test]
    fn wrong_lines_are_named() {
        let cases = [
            (line("b", "-1"), "line 2: column 20: `label` is -1; write a name"),
            (line("b", "null"), "`label` is null; give the text a label, or leave the line out"),
            (line("b", "NaN"), "`NaN` is not JSON; write a value, or leave the line out"),
            (line("b", "\"\""), "line 2: `label` is empty; name the class, or leave the line out"),
            (line("b", "\" \""), "line 2: label ` ` has white space around it"),
            (line("b", "true"), "line 2: label `true` among labels that are indices"),
            (r#"{"id":"b","label":0,"text":null}"#.to_owned(), "`text` is null; write a string, or leave the line out"),
            (r#"{"id":{},"label":0,"text":""}"#.to_owned(), "line 2: `id` is an object; write a string or a number"),
            (line("b", "\"pos\""), "line 2: label `pos` among labels that are indices"),
            (line("b", "1000"), "line 2: label 1000, but the limit is 1000 classes, 0 to 999"),
            (line("b", "\" pos\""), "line 2: label ` pos` has white space around it"),
            (
                r#"{"id":"b","label":0,"text":"","Split":"test"}"#.to_owned(),
                "line 2: a field `Split`; did you mean `split`?",
            ),
            (r#"{"id":"b","label":0}"#.to_owned(), "line 2: column 20: missing field `text`"),
            (r#"{"id":"b","label":0,"text":"","split":"dev"}"#.to_owned(), "unknown variant `dev`"),
        ];
        for (second, says) in cases {
            let message = parse(&[&line("a", "0"), &second]).err().unwrap().to_string();
            assert!(message.contains(says), "{message}");
        }
        assert!(parse(&[&line("a", "\"pos\"")]).err().unwrap().to_string().contains("every label is `pos`"));
        let names: Vec<String> = (0..1001).map(|n| line(&n.to_string(), &format!("\"n{n}\""))).collect();
        let many = parse(&names.iter().map(String::as_str).collect::<Vec<_>>()).err().unwrap().to_string();
        assert!(many.starts_with("has 1001 classes, but the limit is 1000;"), "{many}");
        assert!(parse(&[""]).err().unwrap().to_string().contains("no examples"));
    }
}
