//! The streams of an input: metrics and predictions in any order, each complete from `begin` to `end`.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};
use records::jsonl::Reader;
use records::metrics::{self, Epoch, Stopped};
use records::{Provenance, predictions};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use study::is_id;

use crate::check::stream as check;
use crate::format::counted;
use crate::outcomes::{Answer, Gathered, Known, Outcomes};
use crate::stamp::Stamp;

/// The records of one tool.
pub(crate) enum Stream {
    Training(Training),
    Predictions(Predictions),
    Latency(records::Latency),
}

/// A finished training stream.
#[derive(Debug)]
pub(crate) struct Training {
    pub(crate) begin: Box<metrics::Begin>,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) end: metrics::End,
    /// How it began: recorded in its folder, not in the stream.
    pub(crate) stamp: Stamp,
    /// `out/<study>/runs`, if it was read from a folder there.
    pub(crate) study: Option<PathBuf>,
}

/// A finished evaluation stream.
#[derive(Debug)]
pub(crate) struct Predictions {
    pub(crate) begin: predictions::Begin,
    pub(crate) outcomes: Outcomes,
    pub(crate) end: predictions::End,
}

/// A stream without an end: its run is still going, or was killed.
#[derive(Debug, thiserror::Error)]
#[error("{what}: finish it with make, or leave it out")]
pub(crate) struct Unfinished {
    what: String,
    /// Why it stopped, if recorded.
    pub(crate) why: Option<String>,
}

/// A line of either stream but a prediction; `begin` and `end` are typed when the kind of stream is known.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Begin(Value),
    Step,
    Epoch(Epoch),
    Stopped(Stopped),
    Prediction(Value),
    End(Value),
}

/// A prediction that borrows from its line: a study has millions.
#[derive(Deserialize)]
struct Prediction<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    label: Option<usize>,
    predicted: usize,
    logits: Vec<f32>,
    tokens: Option<usize>,
}

/// A stream whose `end` has not come yet.
enum Open {
    Training(Box<metrics::Begin>, Vec<Epoch>),
    Predictions(predictions::Begin, Gathered),
}

/// All streams in `lines`, in order; `name` is what the errors call the input.
pub(crate) fn read<R: BufRead>(name: &str, mut lines: Reader<Value, R>, known: &Known) -> Result<Vec<Stream>> {
    let mut streams = Vec::new();
    let mut open: Option<Open> = None;
    while lines.advance()? {
        if let Some(Open::Predictions(_, gathered)) = &mut open
            && let Some(taken) = take(gathered, &lines)
        {
            taken.map_err(|e| lines.error(e.to_string()))?;
            continue;
        }
        let line = match lines.parse() {
            Ok(line) => line,
            Err(error) if lines.advance().unwrap_or(false) => return Err(error.into()),
            Err(error) => return Err(unreadable(error, open.as_ref())),
        };
        open = match (line, open) {
            (Line::Begin(_), Some(cut)) => return Err(cut.unfinished(name)),
            (Line::Begin(value), None) => Some(Open::begin(value).map_err(|e| lines.error(e.to_string()))?),
            (_, None) => return Err(lines.error("a record outside `begin` … `end`").into()),
            (Line::Stopped(stopped), Some(cut)) => return Err(cut.stopped(name, stopped.why)),
            (Line::End(value), Some(whole)) => {
                streams.push(whole.end(value, known).map_err(|e| lines.error(format!("{e:#}")))?);
                None
            }
            (line, Some(growing)) => Some(growing.with(line).map_err(|e| lines.error(e.to_string()))?),
        };
    }
    open.map_or(Ok(streams), |cut| Err(cut.unfinished(name)))
}

/// Take the line as a prediction, if it is one.
fn take<R: BufRead>(gathered: &mut Gathered, lines: &Reader<Value, R>) -> Option<Result<()>> {
    let Prediction { kind, id, label, predicted, logits, tokens } = lines.parse().ok()?;
    let unlabelled = || anyhow!("prediction `{id}` has no label: only labelled splits can be scored");
    let answer = |label| Answer { id: &id, label, predicted, logits: &logits, tokens };
    (kind == "prediction").then(|| gathered.push(&answer(label.ok_or_else(unlabelled)?)))
}

impl Training {
    /// The sha256 of its data, if recorded.
    pub(crate) fn data(&self) -> Option<&str> {
        Some(self.begin.shards_sha256.as_str()).filter(|sha256| !sha256.is_empty())
    }

    /// The sha256 of the pretrained weights it began with, if there are any and they are recorded.
    pub(crate) fn weights(&self) -> Option<&str> {
        self.stamp.weights_sha256.as_deref().filter(|sha256| !sha256.is_empty())
    }

    /// The sha256 of its encoder's shape, if it is a network and that is recorded.
    pub(crate) fn encoder(&self) -> Option<&str> {
        self.stamp.encoder_sha256.as_deref().filter(|sha256| !sha256.is_empty())
    }
}

impl Open {
    /// Only a training stream has a configuration.
    fn begin(value: Value) -> Result<Self> {
        match value.get("configuration").is_some() {
            true => {
                let begin: metrics::Begin = serde_json::from_value(value)?;
                begin.configuration.check()?;
                check::begun(&begin)?;
                let (run, id) = (&begin.run, &begin.configuration.id);
                ensure!(run == id, "run `{run}` has the configuration of `{id}`");
                let provenance = plain(begin.provenance);
                Ok(Open::Training(Box::new(metrics::Begin { provenance, ..begin }), Vec::new()))
            }
            false => {
                let begin: predictions::Begin = serde_json::from_value(value)?;
                ensure!(is_id(&begin.run), "`run` may hold letters, digits, `.`, `_` and `-` only");
                Ok(Open::Predictions(begin, Gathered::default()))
            }
        }
    }

    fn with(mut self, line: Line) -> Result<Self> {
        match (&mut self, line) {
            (Open::Training(..), Line::Step) => {}
            (Open::Training(begin, epochs), Line::Epoch(epoch)) => {
                check::follows(begin, epochs, &epoch)?;
                epochs.push(epoch);
            }
            (Open::Predictions(..), Line::Prediction(value)) => {
                let wrong = serde_json::from_value::<predictions::Prediction>(value).err();
                return Err(wrong.map_or_else(|| anyhow!("this is not a prediction"), anyhow::Error::from));
            }
            (open, _) => return Err(anyhow!("a record of another stream inside run `{}`", open.run())),
        }
        Ok(self)
    }

    fn end(self, value: Value, known: &Known) -> Result<Stream> {
        match self {
            Open::Training(begin, epochs) => {
                let end = typed(value)?;
                check::ended(&begin, &epochs, &end)?;
                Ok(Stream::Training(Training { begin, epochs, end, stamp: Stamp::default(), study: None }))
            }
            Open::Predictions(begin, gathered) => {
                let (read, end): (usize, predictions::End) = (gathered.len(), typed(value)?);
                ensure!(
                    read == begin.examples && read == end.examples,
                    "run `{}`: {}, but `begin` says {} and `end` {}",
                    begin.run,
                    counted(read, "prediction"),
                    begin.examples,
                    end.examples
                );
                let outcomes = gathered.finish(known).map_err(|e| e.context(format!("run `{}`", begin.run)))?;
                Ok(Stream::Predictions(Predictions { begin, outcomes, end }))
            }
        }
    }

    fn run(&self) -> &str {
        match self {
            Open::Training(begin, _) => &begin.run,
            Open::Predictions(begin, _) => &begin.run,
        }
    }

    fn unfinished(&self, name: &str) -> anyhow::Error {
        let stream = match self {
            Open::Training(..) => "metrics",
            Open::Predictions(..) => "predictions",
        };
        let what = format!("`{name}`: the {stream} of run `{}` have no `end`", self.run());
        Unfinished { what, why: None }.into()
    }

    fn stopped(&self, name: &str, why: String) -> anyhow::Error {
        let why = console::single_line(&why);
        let what = format!("`{name}`: run `{}` stopped, {why}", self.run());
        Unfinished { what, why: Some(why) }.into()
    }
}

/// Replace what could be markup or a formula: names of machines and versions appear in pages and spreadsheets.
fn plain(from: Provenance) -> Provenance {
    let plain = |text: String| {
        let kept = text.trim_start_matches(['=', '+', '-', '@']);
        kept.replace(|c: char| !(c.is_alphanumeric() || " ()._-+:/@,;".contains(c)), "\u{fffd}")
    };
    let Provenance { commit, burn, libtorch, device, hardware, threads } = from;
    let [commit, burn, libtorch, device, hardware] = [commit, burn, libtorch, device, hardware].map(plain);
    Provenance { commit, burn, libtorch, device, hardware, threads }
}

/// The last line is cut: the run was killed while it wrote.
fn unreadable(error: records::Error, open: Option<&Open>) -> anyhow::Error {
    match open {
        Some(open) => Unfinished { what: format!("{error}; run `{}` is incomplete", open.run()), why: None }.into(),
        None => error.into(),
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|e| anyhow!("`end`: {e}"))
}

#[cfg(test)]
mod tests;
