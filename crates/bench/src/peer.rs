//! Measure a row with PyTorch: `tests/bench/peer.py` and `peer_tokenize.py`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::child;
use crate::measurement::Outcome;
use crate::place::{Place, Prepared};
use crate::rows::Kind;

/// The last line that a peer prints.
#[derive(Deserialize)]
struct PeerResult {
    examples: usize,
    seconds: f64,
    versions: Map<String, Value>,
}

/// Measure the row once.
pub(crate) fn measure(prepared: &Prepared<'_>, place: &Place, python: &Path) -> anyhow::Result<Outcome> {
    measured(prepared, place, python).with_context(|| format!("row `{}`, the peer", prepared.row.id))
}

fn measured(prepared: &Prepared<'_>, place: &Place, python: &Path) -> anyhow::Result<Outcome> {
    let finished = child::run(&mut command(prepared, place, python), place.gpu())?;
    let PeerResult { examples, seconds, versions } = last_line(&finished.stdout)?;
    let expected = prepared.work.examples;
    ensure!(examples == expected, "the peer read {examples} examples, ours {expected}");
    Ok(Outcome { versions, ..Outcome::new(&finished, examples, seconds) })
}

/// The Trainer prints lines of its own before the result.
fn last_line(stdout: &str) -> anyhow::Result<PeerResult> {
    let last = stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("expected one JSON line at the end, found `{last}`"))
}

fn command(prepared: &Prepared<'_>, place: &Place, python: &Path) -> Command {
    let mut command = place.command(python);
    let script = |name: &str| place.options.peers.join(name);
    if prepared.row.kind == Kind::Prep {
        command.arg(script("peer_tokenize.py")).arg("--archive").arg(&place.options.archive);
    } else {
        let device = if place.gpu().is_some() { &place.engine.name } else { "cpu" };
        command.arg(script("peer.py")).args(&prepared.row.peer).args(["--device", device]);
        command.arg("--shards").arg(&prepared.shards).args(["--blocks", &prepared.blocks.to_string()]);
    }
    command.arg("--model").arg(&prepared.model);
    command
}

#[cfg(test)]
mod tests {
    use super::last_line;

    #[test]
    fn the_result_of_a_peer_is_its_last_line() {
        let line = r#"{"examples": 32, "seconds": 1.5, "versions": {"torch": "2"}}"#;
        let read = last_line(&format!("{{'train_runtime': 1}}\n{line}\n")).unwrap();
        assert_eq!((read.examples, read.seconds, read.versions.len()), (32, 1.5, 1));
        let message = last_line("Killed").err().unwrap().to_string();
        assert_eq!(message, "expected one JSON line at the end, found `Killed`");
    }
}
