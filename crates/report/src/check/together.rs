//! Which runs may be averaged or compared: those that differ only in what their configurations say.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, ensure};
use study::Configuration;

use super::require;
use crate::runs::Run;
use crate::streams::Training;

const MAKE_AGAIN: &str = "`make` trains the older runs again; until then report on them separately";

const REMOVE: &str = "remove the older runs and run make, or report on them separately";

/// The runs of each configuration, in order of first appearance.
///
/// # Errors
/// Runs of one configuration do not belong together.
pub(crate) fn by_configuration(runs: &[Run]) -> Result<Vec<Vec<&Run>>> {
    let mut groups: Vec<Vec<&Run>> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for run in runs {
        let index = *place.entry(&run.configuration().configuration).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => {
                comparable(group[0], run)?;
                let twin = group.iter().find(|one| one.configuration().seed == run.configuration().seed);
                let names = twin.map(|twin| format!("runs `{}` and `{}` have the same seed", twin.name(), run.name()));
                ensure!(names.is_none(), "{}: leave one out", names.unwrap_or_default());
                group.push(run);
            }
            None => groups.push(vec![run]),
        }
    }
    Ok(groups)
}

/// Runs of one configuration differ only in the seed, and are tested on the same examples.
fn comparable(first: &Run, other: &Run) -> Result<()> {
    let asked = |run: &Run| Configuration { id: String::new(), seed: 0, ..run.configuration().clone() };
    let runs = format!("runs `{}` and `{}`", first.name(), other.name());
    let configuration = &first.configuration().configuration;
    let same = asked(first) == asked(other);
    ensure!(same, "{runs} give configuration `{configuration}` different settings");
    same_data(&first.training, &other.training)?;
    same_beginning(&first.training, &other.training)?;
    let rule = |holds, fault: &str| (holds, format!("{runs} of configuration `{configuration}` {fault}"));
    let rules = [
        rule(same_models(first, other), "are models of different size or depth"),
        rule(same_tests(first, other), "were tested on different examples"),
        rule(same_validation(first, other), "were validated on different examples"),
    ];
    require(rules, REMOVE)
}

fn same_models(one: &Run, other: &Run) -> bool {
    let (one, other) = (&one.training.begin, &other.training.begin);
    (one.parameters, one.encoder_blocks) == (other.parameters, other.encoder_blocks)
}

fn same_tests(one: &Run, other: &Run) -> bool {
    match (&one.outcomes, &other.outcomes) {
        (Some(one), Some(two)) => one.pairs_with(two),
        _ => one.test().1 == other.test().1,
    }
}

fn same_validation(one: &Run, other: &Run) -> bool {
    one.validation.as_ref().zip(other.validation.as_ref()).is_none_or(|(one, two)| one.pairs_with(two))
}

/// Runs in one `<study>/runs` share their data, and runs with the same encoder share its weights and shape.
///
/// # Errors
/// Two do not: the study file or the encoder's folder changed between them.
pub(crate) fn of_one_study(runs: &[Run]) -> Result<()> {
    let mut of_data: HashMap<&Path, &Training> = HashMap::new();
    let mut of_beginning: HashMap<(&Path, &str, bool), &Training> = HashMap::new();
    for training in runs.iter().map(|run| &run.training) {
        let Some(study) = training.study.as_deref() else { continue };
        if training.data().is_some() {
            same_data(of_data.entry(study).or_insert(training), training)?;
        }
        let encoder = training.begin.configuration.encoder.as_str();
        for (is_weights, known) in [(true, training.weights()), (false, training.encoder())] {
            if known.is_some() {
                same_beginning(of_beginning.entry((study, encoder, is_weights)).or_insert(training), training)?;
            }
        }
    }
    Ok(())
}

/// The first two runs that are known to have different data.
pub(crate) fn of_different_data(runs: &[Run]) -> Option<(&Run, &Run)> {
    let mut known = runs.iter().filter(|run| run.training.data().is_some());
    let first = known.next()?;
    Some((first, known.find(|other| other.training.data() != first.training.data())?))
}

fn same_data(one: &Training, other: &Training) -> Result<()> {
    require([same(one, other, Training::data, "were trained on different data")], MAKE_AGAIN)
}

fn same_beginning(one: &Training, other: &Training) -> Result<()> {
    let rules = [
        same(one, other, Training::weights, "began with different pretrained weights"),
        same(one, other, Training::encoder, "have encoders of different shape"),
    ];
    require(rules, MAKE_AGAIN)
}

/// Both have the same `fact`, or one does not record it.
fn same(one: &Training, other: &Training, fact: fn(&Training) -> Option<&str>, fault: &str) -> (bool, String) {
    let holds = fact(one).zip(fact(other)).is_none_or(|(one, other)| one == other);
    (holds, format!("runs `{}` and `{}` {fault}", one.begin.run, other.begin.run))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::sources::from_text;

    fn refused(text: &str) -> String {
        by_configuration(&from_text(text).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn runs_that_share_only_a_name_are_not_averaged() {
        let (one, two) = (Made::new("2VA", 1), Made::new("2VA", 2).head("bilstm"));
        let runs = from_text(&(one.metrics() + &two.metrics())).unwrap();
        let message = by_configuration(&runs).unwrap_err().to_string();
        assert_eq!(message, "runs `2VA-s1` and `2VA-s2` give configuration `2VA` different settings");
        let two = Made::new("2VA", 2);
        let text =
            one.metrics() + &one.predictions() + &two.metrics() + &two.predictions().replace("test/3\"", "test/x\"");
        let message = by_configuration(&from_text(&text).unwrap()).unwrap_err().to_string();
        assert!(message.contains("were tested on different examples: remove"), "{message}");
    }

    #[test]
    fn seeds_that_differ_in_what_no_seed_changes_are_not_averaged() {
        let (one, two) = (Made::new("2VA", 1), Made::new("2VA", 2));
        let validated = |made: &Made, prefix: &str| {
            let predictions = made.clone().test(&[20, 30, 25]).predictions();
            made.metrics()
                + &predictions.replace("\"split\":\"test\"", "\"split\":\"validation\"").replace("test/", prefix)
        };
        for (text, says) in [
            (
                one.metrics() + &two.clone().shards("5b").metrics(),
                "were trained on different data: `make` trains the older",
            ),
            (
                one.metrics() + &two.metrics().replace("\"encoder_blocks\":4", "\"encoder_blocks\":12"),
                "are models of different",
            ),
            (
                one.metrics() + &two.metrics().replace("\"parameters\":1", "\"parameters\":2"),
                "are models of different size or",
            ),
            (validated(&one, "v/") + &validated(&two, "w/"), "`2VA` were validated on different examples: remove"),
        ] {
            let message = refused(&text);
            assert!(message.starts_with("runs `2VA-s1` and `2VA-s2` ") && message.contains(says), "{message}");
        }
        for shards in ["5a", ""] {
            let runs = from_text(&(one.metrics() + &two.clone().shards(shards).metrics())).unwrap();
            assert_eq!(by_configuration(&runs).unwrap().len(), 1, "{shards}");
        }
    }

    #[test]
    fn configurations_of_different_data_are_named_and_not_refused() {
        let text = Made::new("1VA", 1).metrics() + &Made::new("2VA", 1).shards("5b").metrics();
        let runs = from_text(&text).unwrap();
        assert_eq!(by_configuration(&runs).unwrap().len(), 2);
        let named = of_different_data(&runs).map(|(one, other)| (one.name(), other.name()));
        assert_eq!(named, Some(("1VA-s1", "2VA-s1")));
        assert!(of_different_data(&runs[..1]).is_none());
    }
}
