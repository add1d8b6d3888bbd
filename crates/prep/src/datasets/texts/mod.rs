//! Texts of your own: JSON Lines, a JSON array, or a table with a header; one file, stdin, or a folder of split files.

mod columns;
mod files;
mod input;
mod json;
mod labels;
mod quotes;
mod table;

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use records::Split;
use records::fields::Label;
use study::Data;

use super::{Dataset, Opened, Review, Source, Store};
use files::Part;
use json::Records;
use labels::Labels;
use table::Table;

/// An example as a file has it.
struct Example {
    /// `None` if it has no id.
    id: Option<String>,
    /// `None` if it names no split.
    split: Option<Split>,
    label: Label,
    text: String,
}

/// A file that is open, by its format.
enum Reader {
    Json(Records),
    Table(Table),
}

impl Reader {
    fn next(&mut self) -> Result<Option<Example>> {
        match self {
            Reader::Json(records) => records.next(),
            Reader::Table(table) => table.next(),
        }
    }

    /// The number of the example read last, which is its id if it has none.
    fn number(&self) -> usize {
        match self {
            Reader::Json(records) => records.number(),
            Reader::Table(table) => table.number(),
        }
    }

    /// A fault of the example read last.
    fn error(&self, message: String) -> anyhow::Error {
        match self {
            Reader::Json(records) => records.error(message),
            Reader::Table(table) => table.error(&message),
        }
    }
}

pub(crate) fn open(source: &Source, data: &Data) -> Result<Opened> {
    ensure!(source.archive.is_none(), "reads `--input`, not `--archive`");
    let data = data.clone();
    match source.input.as_deref() {
        Some(path) if path != Path::new("-") => {
            let parts = files::parts(path)?;
            let description = files::description(path, &parts);
            Ok(Opened { description, read: Box::new(move |store| read(parts, &data, store)) })
        }
        _ => {
            let parts = vec![Part { name: "stdin".to_owned(), split: None, input: Box::new(console::piped("texts")?) }];
            Ok(Opened { description: "`stdin`".to_owned(), read: Box::new(move |store| read(parts, &data, store)) })
        }
    }
}

/// Read all parts of one source.
fn read(parts: Vec<Part>, data: &Data, store: &mut Store) -> Result<Dataset> {
    let mut labels = Labels::default();
    let mut reviews = Vec::new();
    let name = parts.first().map_or_else(String::new, |part| part.name.clone());
    let are_split = parts.iter().any(|part| part.split.is_some());
    let mut numbers = [0; Split::ALL.len()];
    let mut blank = (0, None);
    for part in parts {
        let split = part.split;
        let mut reader = input::open(part, data)?;
        if matches!(reader, Reader::Table(_)) {
            labels.of_table();
        }
        while let Some(example) = reader.next()? {
            let label = labels.put(example.label).map_err(|message| reader.error(message))?;
            let place = split.or(example.split).unwrap_or(Split::Train);
            if let Some(said) = example.split.filter(|said| *said != place) {
                return Err(
                    reader.error(format!("split `{said}` in a file of {place}; move the line, or drop the column"))
                );
            }
            if example.text.trim().is_empty() {
                blank.0 += 1;
                blank.1.get_or_insert_with(|| reader.error("the text is empty".to_owned()));
            }
            numbers[place as usize] += 1;
            let number = || match are_split {
                true => format!("{place}/{}", numbers[place as usize]),
                false => reader.number().to_string(),
            };
            let id = example.id.unwrap_or_else(number);
            reviews.push(Review { id, split: place, label, text: store.put(&example.text)? });
        }
    }
    ensure!(!reviews.is_empty(), "`{name}`: holds no examples");
    if let (n_blank, Some(first)) = blank {
        log::warn!("{first}; {n_blank} of {} texts are; a model learns nothing from them", reviews.len());
    }
    let (labels, indices) = labels.finish().map_err(|message| anyhow!("`{name}`: {message}"))?;
    reviews.iter_mut().for_each(|review| review.label = indices[review.label]);
    if are_split {
        tell_apart(&mut reviews);
    }
    Ok(Dataset { labels, reviews })
}

/// Split files that each count their examples from 0, as those of GLUE do, have the same ids: put the split before them.
fn tell_apart(reviews: &mut [Review]) {
    let mut places: Vec<(&str, Split)> = reviews.iter().map(|review| (review.id.as_str(), review.split)).collect();
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1) {
        log::info!("several splits have the same ids, so each id has its split before it, such as `test/1`");
        reviews.iter_mut().for_each(|review| review.id = format!("{}/{}", review.split, review.id));
    }
}

/// The split that `name` means.
fn split_called(name: &str) -> Result<Split, String> {
    let unknown = || format!("split `{name}` is unknown; write `train`, `validation` or `test`");
    Split::called(name.trim()).ok_or_else(unknown)
}

#[cfg(test)]
mod tests;
