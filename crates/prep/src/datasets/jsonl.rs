//! Anybody's reviews: `{"id","split","label","text"}`, one object a line, from a file or stdin.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use records::Split;
use records::jsonl::Reader;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Dataset, Opened, Review, Source};

/// More classes than this and a label is a slip, not a class.
const MOST_CLASSES: usize = 1000;

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(default = "train")]
    split: Split,
    /// A slip, which would put a test example into train.
    #[serde(default, rename = "Split", alias = "SPLIT")]
    slip: Option<IgnoredAny>,
    label: Label,
    text: String,
}

fn train() -> Split {
    Split::Train
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`label` is neither a name nor an index")]
enum Label {
    Name(String),
    Index(usize),
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
    while let Some(line) = lines.next().transpose()? {
        check(&line, read.first()).map_err(|message| lines.error(message))?;
        read.push(line);
    }
    ensure!(!read.is_empty(), "holds no examples");
    let labels = labels(&read)?;
    let reviews = read.into_iter().map(|line| line.review(&labels)).collect();
    Ok(Dataset { labels, reviews })
}

fn check(line: &Line, first: Option<&Line>) -> Result<(), String> {
    if line.slip.is_some() {
        return Err("a field `Split`; did you mean `split`?".to_owned());
    }
    match (&line.label, first.map(|first| &first.label)) {
        (Label::Name(name), _) if name.trim() != name => {
            Err(format!("label `{name}` has white space around it, which would make it a class of its own"))
        }
        (Label::Index(index), _) if *index >= MOST_CLASSES => {
            Err(format!("label {index}, but there can be {MOST_CLASSES} classes"))
        }
        (Label::Index(index), Some(Label::Name(_))) => Err(format!("label {index} among labels that are names")),
        (Label::Name(name), Some(Label::Index(_))) => Err(format!("label `{name}` among labels that are indices")),
        _ => Ok(()),
    }
}

/// Class names by index: names in alphabetical order, so that the order of lines does not matter.
fn labels(lines: &[Line]) -> Result<Vec<String>> {
    let names: BTreeSet<&String> = lines.iter().filter_map(|line| line.label.name()).collect();
    let highest = lines.iter().filter_map(|line| line.label.index()).max();
    match highest {
        Some(highest) => Ok((0..=highest.max(1)).map(|index| index.to_string()).collect()),
        None if names.len() > 1 && names.len() <= MOST_CLASSES => Ok(names.into_iter().cloned().collect()),
        None => Err(anyhow!("{} label names; a classifier needs 2 to {MOST_CLASSES}, or indices", names.len())),
    }
}

impl Label {
    fn name(&self) -> Option<&String> {
        if let Label::Name(name) = self { Some(name) } else { None }
    }

    fn index(&self) -> Option<usize> {
        if let Label::Index(index) = self { Some(*index) } else { None }
    }
}

impl Line {
    fn review(self, labels: &[String]) -> Review {
        let label = match &self.label {
            Label::Index(index) => *index,
            Label::Name(name) => labels.partition_point(|label| label < name),
        };
        Review { id: self.id, split: self.split, label, text: self.text }
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
    fn wrong_lines_are_named() {
        let cases = [
            (line("b", "-1"), "line 2"),
            (line("b", "\"pos\""), "line 2: label `pos` among labels that are indices"),
            (line("b", "1000"), "line 2: label 1000"),
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
        assert!(parse(&[&line("a", "\"pos\"")]).err().unwrap().to_string().contains("1 label names"));
        assert!(parse(&[""]).err().unwrap().to_string().contains("no examples"));
    }
}
