//! Run folders, files and stdin: where streams come from, and how they become runs.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use records::Split;
use records::jsonl::Reader;
use records::run_dir::RunDir;
use study::Configuration;

use crate::runs::Run;
use crate::streams::{self, Predictions, Stream, Training};

/// Every run of the given run folders, stream files or `-` for stdin, in order.
pub(crate) fn read(sources: &[PathBuf]) -> Result<Vec<Run>> {
    let stdin = |source: &&PathBuf| source.as_os_str() == "-";
    ensure!(sources.iter().filter(stdin).count() <= 1, "`-` can be read only once");
    let streams: Vec<Vec<Stream>> = sources.par_iter().map(|source| read_one(source)).collect::<Result<_>>()?;
    let runs = assemble(streams.into_iter().flatten().collect())?;
    ensure!(!runs.is_empty(), "no runs in the input: name run folders, such as `out/sample/runs/*`");
    Ok(runs)
}

fn read_one(source: &Path) -> Result<Vec<Stream>> {
    if source.as_os_str() == "-" {
        return streams::read("stdin", Reader::new("stdin", BufReader::new(std::io::stdin())));
    }
    match source.is_dir() {
        true => read_folder(&RunDir::new(source)),
        false => read_file(source).context("no such run: train it with make, or leave it out"),
    }
}

fn read_folder(run: &RunDir) -> Result<Vec<Stream>> {
    let hint = || format!("`{}` is no trained run: train it with make, or leave it out", run.path().display());
    let mut streams = read_file(&run.metrics()).with_context(hint)?;
    check_configuration(run, &streams)?;
    let predictions = run.predictions(Split::Test);
    if predictions.exists() {
        streams.extend(read_file(&predictions)?);
    }
    Ok(streams)
}

fn read_file(path: &Path) -> Result<Vec<Stream>> {
    streams::read(&path.display().to_string(), Reader::open(path)?)
}

/// What ran must be what `config.json` says now, where there is one.
fn check_configuration(run: &RunDir, streams: &[Stream]) -> Result<()> {
    let path = run.config();
    if !path.exists() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).map_err(|e| records::Error::io("reading", &path, e))?;
    let asked = Configuration::from_json(&text).with_context(|| format!("reading `{}`", path.display()))?;
    let ran = |stream: &Stream| matches!(stream, Stream::Training(training) if training.begin.configuration == asked);
    let place = path.display();
    ensure!(streams.iter().all(ran), "`{place}` is not what `metrics.jsonl` ran: train it again with make");
    Ok(())
}

/// Pair each training stream with the test predictions of the same run.
fn assemble(streams: Vec<Stream>) -> Result<Vec<Run>> {
    let mut trainings: Vec<Training> = Vec::new();
    let mut predictions: HashMap<String, Predictions> = HashMap::new();
    for stream in streams {
        let twice = match stream {
            Stream::Training(new) if trainings.iter().any(|old| old.begin.run == new.begin.run) => Some(new.begin.run),
            Stream::Predictions(new) if new.begin.split != Split::Test => None,
            Stream::Training(new) => {
                trainings.push(new);
                None
            }
            Stream::Predictions(new) => predictions.insert(new.begin.run.clone(), new).map(|old| old.begin.run),
        };
        ensure!(twice.is_none(), "run `{}` stands twice in the input: name it once", twice.unwrap_or_default());
    }
    let runs = trainings.into_iter().map(|training| {
        let predicted = predictions.remove(&training.begin.run);
        Run::new(training, predicted)
    });
    let runs = runs.collect::<Result<_>>()?;
    match predictions.into_keys().min() {
        Some(orphan) => bail!("predictions of run `{orphan}`, but not its metrics: add its `metrics.jsonl`"),
        None => Ok(runs),
    }
}

/// The study's name, if the folders are `out/<study>/runs/<run>` of one study.
pub(crate) fn study(sources: &[PathBuf]) -> Option<String> {
    let mut names = sources.iter().map(|source| {
        let runs = std::path::absolute(source).ok()?.parent()?.to_owned();
        let within = runs.file_name()? == "runs";
        within.then(|| runs.parent()?.file_name()?.to_str().map(str::to_owned))?
    });
    let first = names.next()??;
    names.all(|name| name.as_ref() == Some(&first)).then_some(first)
}

/// Runs of a text that holds whole streams.
#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Result<Vec<Run>> {
    assemble(streams::read("it", Reader::new("it", text.as_bytes()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;

    #[test]
    fn predictions_find_their_run_wherever_they_stand() {
        let (a, b) = (Made::new("1VA", 1), Made::new("2VA", 1));
        let runs = from_text(&(b.predictions() + &a.metrics() + &b.metrics())).unwrap();
        let found: Vec<_> = runs.iter().map(|run| (run.name(), run.outcomes.is_some())).collect();
        assert_eq!(found, [("1VA-s1", false), ("2VA-s1", true)]);
    }

    #[test]
    fn a_run_named_twice_and_predictions_without_a_run_are_refused() {
        let made = Made::new("1VA", 1);
        for (text, says) in [
            (made.metrics().repeat(2), "run `1VA-s1` stands twice"),
            (made.metrics() + &made.predictions().repeat(2), "run `1VA-s1` stands twice"),
            (made.predictions(), "predictions of run `1VA-s1`, but not its metrics"),
        ] {
            let message = from_text(&text).unwrap_err().to_string();
            assert!(message.starts_with(says), "{message}");
        }
    }

    #[test]
    fn predictions_of_validation_examples_do_not_score_the_test_split() {
        let made = Made::new("1VA", 1);
        let validation = made.predictions().replace("\"split\":\"test\"", "\"split\":\"validation\"");
        assert!(from_text(&(made.metrics() + &validation)).unwrap()[0].outcomes.is_none());
    }

    #[test]
    fn the_study_is_read_off_the_folders_that_share_it() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(study(&paths(&["out/imdb/runs/a", "/x/imdb/runs/b/"])).as_deref(), Some("imdb"));
        assert_eq!(study(&paths(&["out/imdb/runs/a", "out/sample/runs/a"])), None);
        assert_eq!(study(&paths(&["-"])), None);
    }
}
