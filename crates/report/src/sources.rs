//! Run folders, files and stdin: where streams come from, and how they become runs.

use std::collections::{HashMap, HashSet};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use records::jsonl::Reader;
use records::run_dir::{RunDir, seeds_of};
use records::{Latency, Split};
use study::Configuration;

use crate::check::{self, by_configuration};
use crate::outcomes::Known;
use crate::runs::Run;
use crate::stamp;
use crate::streams::{self, Predictions, Stream, Training, Unfinished};

/// Finished runs in order, and runs that have a folder but are not finished.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) runs: Vec<Run>,
    pub(crate) missing: Vec<Missing>,
}

/// A run that is not finished.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Missing {
    pub(crate) run: String,
    pub(crate) why: String,
}

/// What one source holds.
enum Found {
    Streams(Vec<Stream>),
    Missing(Missing),
}

/// Every run of the given run folders, stream files or `-` for stdin, in order. A name such as `out/sample/runs/3VA` means
/// all seeds of that configuration.
pub(crate) fn read(sources: &[PathBuf]) -> Result<Input> {
    let stdin = |source: &&PathBuf| source.as_os_str() == "-";
    ensure!(sources.iter().filter(stdin).count() <= 1, "`-` can be read only once");
    let known = Known::default();
    let sources: Vec<PathBuf> = sources.iter().flat_map(|source| meant(source)).collect();
    let found: Vec<Found> = sources.par_iter().map(|source| read_one(source, &known)).collect::<Result<_>>()?;
    let (mut streams, mut missing) = (Vec::new(), Vec::new());
    for found in found {
        match found {
            Found::Streams(more) => streams.extend(more),
            Found::Missing(one) => missing.push(one),
        }
    }
    if let (true, Some(Missing { run, why })) = (streams.is_empty(), missing.first()) {
        bail!("no finished run of {}: the first, `{run}`, is {why}", missing.len());
    }
    missing.iter().for_each(|Missing { run, why }| log::warn!("left out: run `{run}`, {why}"));
    let runs = assemble(streams)?;
    belong_together(&runs)?;
    Ok(Input { runs, missing })
}

/// Runs of one configuration, and of one study, fit together.
fn belong_together(runs: &[Run]) -> Result<()> {
    ensure!(!runs.is_empty(), "no finished run in the input: name run folders, such as `out/sample/runs/*`");
    by_configuration(runs)?;
    check::together::of_one_study(runs)?;
    if let Some((one, other)) = check::together::of_different_data(runs) {
        log::warn!("runs `{}` and `{}` were trained on different data", one.name(), other.name());
    }
    Ok(())
}

/// What is named, or the runs of the configuration that is named.
fn meant(named: &Path) -> Vec<PathBuf> {
    let seeds = if named.exists() { Vec::new() } else { seeds_of(named) };
    if seeds.is_empty() { vec![named.to_owned()] } else { seeds }
}

fn read_one(source: &Path, known: &Known) -> Result<Found> {
    if source.as_os_str() == "-" {
        let lines = Reader::new("stdin", BufReader::with_capacity(1 << 20, console::piped("streams of runs")?));
        return Ok(Found::Streams(streams::read("stdin", lines, known)?));
    }
    let place = source.display();
    let fault = || format!("`{place}` holds no streams of runs; name runs' folders, such as `out/sample/runs/*`");
    match (source.is_dir(), source.exists()) {
        (true, _) => read_folder(&RunDir::new(source), known),
        (false, true) => Ok(Found::Streams(read_file(source, known).with_context(fault)?)),
        (false, false) if is_pattern(source) => {
            bail!("no run matches `{place}`; the runs of a study lie below `out/STUDY/runs`, where `make` trains them")
        }
        (false, false) => bail!("no run folder `{place}`, and no `{place}-s1`: train it with make, or leave it out"),
    }
}

/// Whether a shell left the name as it is because no file matches.
fn is_pattern(source: &Path) -> bool {
    source.to_string_lossy().contains(['*', '?', '['])
}

/// A folder with a configuration is a run of the study; it is missing if it has not been trained to the end.
fn read_folder(run: &RunDir, known: &Known) -> Result<Found> {
    let name = run.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let missing = |why: &str| Ok(Found::Missing(Missing { run: name.clone(), why: why.to_owned() }));
    match read_streams(run, known) {
        Err(_) if run.stamp().exists() && !has_metrics(run) => {
            missing("without records in `metrics.jsonl`: remove its folder, then run make")
        }
        Err(_) if run.config().exists() && !has_metrics(run) => missing("not trained"),
        Err(error) if run.config().exists() && error.is::<Unfinished>() => {
            let why = error.downcast_ref::<Unfinished>().and_then(|unfinished| unfinished.why.as_ref());
            missing(&why.map_or("not finished".to_owned(), |why| format!("stopped in {why}")))
        }
        streams => Ok(Found::Streams(streams?)),
    }
}

fn read_streams(run: &RunDir, known: &Known) -> Result<Vec<Stream>> {
    if !run.metrics().exists() {
        bail!(not_a_run(run.path()));
    }
    ensure!(has_metrics(run), "`{}` is empty: train the run again with make", run.metrics().display());
    let mut streams = read_file(regular(&run.metrics())?, known)?;
    check_configuration(run, &streams)?;
    let stamp = stamp::read(&run.stamp())?;
    for stream in &mut streams {
        if let Stream::Training(training) = stream {
            (training.stamp, training.study) = (stamp.clone(), runs_folder(run.path()));
        }
    }
    for split in [Split::Test, Split::Validation] {
        let predictions = run.predictions(split);
        if predictions.exists() {
            streams.extend(read_file(regular(&predictions)?, known)?);
        }
    }
    streams.extend(read_latency(&run.latency())?.map(Stream::Latency));
    Ok(streams)
}

/// Whether the run has metrics with anything in them. A pipe is none either, but [`regular`] says so.
fn has_metrics(run: &RunDir) -> bool {
    std::fs::metadata(run.metrics()).is_ok_and(|found| !found.is_file() || found.len() > 0)
}

/// What a folder without metrics is, and what to name instead of it.
fn not_a_run(folder: &Path) -> String {
    let place = folder.display();
    match [folder.to_owned(), folder.join("runs")].iter().find(|folder| holds_runs(folder)) {
        Some(runs) => format!("`{place}` is a folder of runs: name the runs in it, `{}`", runs.join("*").display()),
        None => format!("`{place}` is not a trained run: train it with make, or leave it out"),
    }
}

fn holds_runs(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| RunDir::new(entry.path())).any(|run| run.metrics().exists())
}

/// Refuse a pipe or device inside a run folder, since reading it may never end.
fn regular(path: &Path) -> Result<&Path> {
    Ok(records::regular(path).map_err(|e| records::Error::io("reading", path, e))?)
}

fn read_file(path: &Path, known: &Known) -> Result<Vec<Stream>> {
    streams::read(&path.display().to_string(), Reader::open(path)?, known)
}

fn read_latency(path: &Path) -> Result<Option<Latency>> {
    if !path.exists() {
        return Ok(None);
    }
    let latency = Reader::open(regular(path)?)?.next().transpose()?;
    latency.map(Some).with_context(|| format!("`{}` is empty: delete it, then run `make latency`", path.display()))
}

/// `config.json`, where there is one, must be the configuration that was trained.
fn check_configuration(run: &RunDir, streams: &[Stream]) -> Result<()> {
    let path = run.config();
    if !path.exists() {
        return Ok(());
    }
    let text = regular(&path).map(std::fs::read_to_string)?.map_err(|e| records::Error::io("reading", &path, e))?;
    let place = path.display();
    ensure!(!text.trim().is_empty(), "`{place}` is empty: `make` writes it again");
    let asked = Configuration::from_json(&text).with_context(|| format!("reading `{place}`"))?;
    let ran = |stream: &Stream| matches!(stream, Stream::Training(training) if training.begin.configuration == asked);
    ensure!(
        streams.iter().all(ran),
        "`{place}` differs from the configuration in `metrics.jsonl`: train the run again with make"
    );
    Ok(())
}

/// Pair each training stream with the test and the validation predictions of the same run.
fn assemble(streams: Vec<Stream>) -> Result<Vec<Run>> {
    let mut trainings: Vec<Training> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut predictions: HashMap<(String, Split), Predictions> = HashMap::new();
    let mut latencies: HashMap<String, Latency> = HashMap::new();
    for stream in streams {
        let twice = match stream {
            Stream::Predictions(new) if new.begin.split == Split::Train => None,
            Stream::Latency(new) => latencies.insert(new.run.clone(), new).map(|old| old.run),
            Stream::Training(new) => {
                let run = new.begin.run.clone();
                trainings.push(new);
                (!seen.insert(run.clone())).then_some(run)
            }
            Stream::Predictions(new) => {
                predictions.insert((new.begin.run.clone(), new.begin.split), new).map(|old| old.begin.run)
            }
        };
        ensure!(twice.is_none(), "run `{}` appears twice in the input: name it once", twice.unwrap_or_default());
    }
    let runs = trainings.into_iter().map(|training| {
        let mut of = |split| predictions.remove(&(training.begin.run.clone(), split));
        let (test, validation) = (of(Split::Test), of(Split::Validation));
        let latency = latencies.remove(&training.begin.run);
        latency.as_ref().map_or(Ok(()), check::predictions::measured)?;
        Ok(Run { latency, ..Run::new(training, test, validation)? })
    });
    let runs = runs.collect::<Result<Vec<_>>>()?;
    match predictions.into_keys().map(|(run, _)| run).min() {
        Some(orphan) => bail!("the input has predictions of run `{orphan}` but no metrics: add its `metrics.jsonl`"),
        None => Ok(runs),
    }
}

/// The study's name, if the folders are `out/<study>/runs/<run>` of one study.
pub(crate) fn study(sources: &[PathBuf]) -> Option<String> {
    let mut names =
        sources.iter().map(|source| runs_folder(source)?.parent()?.file_name()?.to_str().map(str::to_owned));
    let first = names.next()??;
    names.all(|name| name.as_ref() == Some(&first)).then_some(first)
}

/// The folder `out/<study>/runs` that holds the source, if one does.
fn runs_folder(source: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(source).ok()?.parent()?.to_owned();
    (folder.file_name()? == "runs").then_some(folder)
}

/// Runs of a text that holds whole streams.
#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Result<Vec<Run>> {
    assemble(streams::read("it", Reader::new("it", text.as_bytes()), &Known::default())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;

    #[test]
    fn predictions_are_paired_with_their_run_in_any_order() {
        let (a, b) = (Made::new("1VA", 1), Made::new("2VA", 1));
        let runs = from_text(&(b.predictions() + &a.metrics() + &b.metrics())).unwrap();
        let found: Vec<_> = runs.iter().map(|run| (run.name(), run.outcomes.is_some())).collect();
        assert_eq!(found, [("1VA-s1", false), ("2VA-s1", true)]);
    }

    #[test]
    fn a_run_named_twice_and_predictions_without_a_run_are_refused() {
        let made = Made::new("1VA", 1);
        for (text, says) in [
            (made.metrics().repeat(2), "run `1VA-s1` appears twice"),
            (made.metrics() + &made.predictions().repeat(2), "run `1VA-s1` appears twice"),
            (made.predictions(), "the input has predictions of run `1VA-s1` but no metrics"),
        ] {
            let message = from_text(&text).unwrap_err().to_string();
            assert!(message.starts_with(says), "{message}");
        }
    }

    #[test]
    fn predictions_of_validation_examples_do_not_score_the_test_split() {
        let made = Made::new("1VA", 1).validation(&[20, 32, 25]);
        let validation = made.predictions().replace("\"split\":\"test\"", "\"split\":\"validation\"");
        let run = &from_text(&(made.metrics() + &validation)).unwrap()[0];
        assert!(run.outcomes.is_none() && run.validation.is_some());
    }

    #[test]
    fn the_study_is_the_folder_that_all_runs_share() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(study(&paths(&["out/imdb/runs/a", "/x/imdb/runs/b/"])).as_deref(), Some("imdb"));
        assert_eq!(study(&paths(&["out/imdb/runs/a", "out/sample/runs/a"])), None);
        assert_eq!(study(&paths(&["-"])), None);
    }
}
