//! The test examples that one of two models gets right and the other wrong.

mod flip;
mod pairs;

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use records::jsonl;
use records::shards::Manifest;

use crate::arguments::{Flips, Right};
use flip::{Direction, Flip};
use pairs::{Pairs, Side};

/// Print one JSON object for each such example, the clearest differences first. A closed pipe is no error.
pub(crate) fn print(asked: &Flips) -> Result<()> {
    ensure!(asked.a != asked.b, "`{}` is both A and B: name two runs or configurations", asked.a.display());
    let (a, b) = (Side::read(&asked.a)?, Side::read(&asked.b)?);
    let pairs = Pairs::new(&a, &b)?;
    let mut flips = flip::all(&pairs);
    flips.retain(|flip| asked.only.is_none_or(|only| flip.direction == only.direction()));
    flip::sort(&mut flips);
    let texts = asked.shards.as_deref().map(|shards| texts(shards, [&a, &b], &flips)).transpose()?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    for mut flip in flips {
        flip.text = texts.as_ref().and_then(|texts| texts.get(flip.id)).map(String::as_str);
        jsonl::write(&mut output, &flip).context("writing stdout")?;
    }
    output.flush().context("writing stdout")
}

impl Right {
    fn direction(self) -> Direction {
        match self {
            Right::A => Direction::A,
            Right::B => Direction::B,
        }
    }
}

/// The text of each id in the folder of shards that all runs are of; every flip must find its own.
fn texts(shards: &Path, sides: [&Side; 2], flips: &[Flip]) -> Result<HashMap<String, String>> {
    let (manifest, sha256) = Manifest::read(shards)?;
    let other = sides.iter().find_map(|side| side.of_other_data(&sha256));
    let (folder, run) = (shards.display(), other.unwrap_or_default());
    ensure!(other.is_none(), "`{folder}` holds other data than run `{run}` was trained on: name its shards");
    let texts: HashMap<String, String> = manifest.texts(shards)?.into_iter().map(|text| (text.id, text.text)).collect();
    let missing = flips.iter().find(|flip| !texts.contains_key(flip.id));
    missing.map_or(Ok(()), |flip| {
        let id = flip.id;
        Err(anyhow::anyhow!("`{folder}` has no text of `{id}`: name the shards that the runs were tested on"))
    })?;
    Ok(texts)
}
