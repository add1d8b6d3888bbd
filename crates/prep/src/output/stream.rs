//! Write all examples as JSON Lines to stdout, each with its split.

use std::io::{BufWriter, Write};

use anyhow::{Context, Result};
use records::shards::{Example, Manifest};
use records::{Split, jsonl};
use serde::Serialize;

use super::{Prepared, shards};

/// A line of a shard with its split, which file names say elsewhere.
#[derive(Serialize)]
struct Line<'a> {
    split: Split,
    #[serde(flatten)]
    example: &'a Example,
}

pub(super) fn write(prepared: Prepared) -> Result<Manifest> {
    let mut output = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    for tokenized in prepared.examples {
        let line = Line { split: tokenized.split, example: &tokenized.example };
        jsonl::write(&mut output, &line).context("writing stdout")?;
    }
    output.flush().context("writing stdout")?;
    Ok(shards::manifest(prepared))
}
