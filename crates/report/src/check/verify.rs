//! The checks of `--verify`.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::together::{by_configuration, of_different_data};
use crate::format::counted;
use crate::runs::Run;
use crate::sources::Input;

/// One sentence on what was verified.
///
/// Reading refuses unfinished streams, predictions that contradict the records, and repeated ids. This checks the rest:
/// no run is missing, all have the same data, and all were tested on the same examples.
///
/// # Errors
/// A check fails; the message names every fault.
pub(crate) fn verify(input: &Input) -> Result<String> {
    let configurations = by_configuration(&input.runs)?.len();
    let faults: Vec<String> =
        [missing(input), without_predictions(&input.runs), mixed_data(&input.runs), other_examples(&input.runs)]
            .into_iter()
            .flatten()
            .collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    let commits: BTreeSet<&str> = input.runs.iter().map(|run| run.training.begin.provenance.commit.as_str()).collect();
    if commits.len() > 1 {
        log::warn!("trained by {} different commits: {}", commits.len(), Vec::from_iter(commits).join(", "));
    }
    let (runs, predictions) = (input.runs.len(), input.runs[0].test().1);
    Ok(format!(
        "verified: {} of {}, each with {} of the same test examples, {} with {} records",
        counted(runs, "run"),
        counted(configurations, "configuration"),
        counted(predictions, "prediction"),
        if runs == 1 { "agrees" } else { "agree" },
        if runs == 1 { "its" } else { "their" },
    ))
}

fn missing(input: &Input) -> Option<String> {
    let named: Vec<String> =
        input.missing.iter().map(|missing| format!("`{}` ({})", missing.run, missing.why)).collect();
    (!named.is_empty())
        .then(|| format!("{}: {}: finish with make", counted(named.len(), "missing run"), listed(&named)))
}

fn without_predictions(runs: &[Run]) -> Option<String> {
    let without = runs.iter().filter(|run| run.outcomes.is_none()).map(|run| format!("`{}`", run.name()));
    let without: Vec<String> = without.collect();
    let number = counted(without.len(), "run");
    (!without.is_empty()).then(|| format!("{number} without test predictions: {}: predict with make", listed(&without)))
}

fn mixed_data(runs: &[Run]) -> Option<String> {
    let (one, other) = of_different_data(runs)?;
    Some(format!("runs `{}` and `{}` were trained on different data", one.name(), other.name()))
}

fn other_examples(runs: &[Run]) -> Option<String> {
    let mut predicted = runs.iter().filter_map(|run| Some((run, run.outcomes.as_ref()?)));
    let (first, outcomes) = predicted.next()?;
    let (other, _) = predicted.find(|(_, other)| !outcomes.pairs_with(other))?;
    Some(format!("runs `{}` and `{}` were tested on different examples", first.name(), other.name()))
}

/// The first few.
fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len() {
        n if n > MOST => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::sources::{Missing, from_text};

    fn verified(text: &str, missing: Vec<Missing>) -> Result<String> {
        verify(&Input { runs: from_text(text).unwrap(), missing })
    }

    fn whole(made: &Made) -> String {
        made.metrics() + &made.predictions()
    }

    #[test]
    fn runs_that_belong_together_pass_and_every_fault_is_named() {
        let (one, two) = (Made::new("1VA", 1), Made::new("2VA", 1));
        let good = verified(&(whole(&one) + &whole(&two)), Vec::new()).unwrap();
        assert_eq!(
            good,
            "verified: 2 runs of 2 configurations, each with 40 predictions of the same test examples, agree with their records"
        );
        let alone = verified(&whole(&one), Vec::new()).unwrap();
        assert!(alone.starts_with("verified: 1 run of 1 configuration, each with 40 predictions"), "{alone}");
        assert!(alone.ends_with(", agrees with its records"), "{alone}");
        let data = whole(&two).replace("\"5a\"", "\"5b\"");
        let examples = two.metrics() + &two.predictions().replace("test/", "other/");
        let missing = || vec![Missing { run: "3VA-s1".to_owned(), why: "not trained".to_owned() }];
        for (other, missing, says) in [
            (data, Vec::new(), "runs `1VA-s1` and `2VA-s1` were trained on different data"),
            (examples, Vec::new(), "runs `1VA-s1` and `2VA-s1` were tested on different examples"),
            (two.metrics(), Vec::new(), "1 run without test predictions: `2VA-s1`: predict with make"),
            (whole(&two), missing(), "1 missing run: `3VA-s1` (not trained): finish with make"),
        ] {
            assert_eq!(verified(&(whole(&one) + &other), missing).unwrap_err().to_string(), says);
        }
    }
}
