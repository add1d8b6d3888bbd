//! Write all examples as JSON Lines to stdout, each with its split.

use std::io::{BufWriter, Write};

use anyhow::{Context, Result};
use records::Split;
use records::shards::{Example, Manifest};
use serde::Serialize;

use super::{Prepared, shards};

/// A line of a shard with its split, which file names say elsewhere.
#[derive(Serialize)]
struct Line {
    split: Split,
    #[serde(flatten)]
    example: Example,
}

pub(super) fn write(prepared: Prepared) -> Result<Manifest> {
    let Prepared { reviews, tokenizing, .. } = prepared;
    let mut manifest = shards::manifest(&prepared.data, prepared.labels, prepared.duplicates, tokenizing.tokenizer);
    let mut output = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    for part in reviews.chunk_by(|a, b| a.split == b.split) {
        let split = part[0].split;
        tokenizing.each(
            part,
            |example| Line { split, example },
            |tokenized| {
                shards::count(&mut manifest, split, &tokenized);
                output.write_all(&tokenized.line).context("writing stdout")
            },
        )?;
    }
    output.flush().context("writing stdout")?;
    Ok(manifest)
}
