//! What was measured by what, on what, and what is missing.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::figures::Material;
use crate::runs::Run;
use crate::sources::Missing;

/// What was measured by what.
pub(crate) fn inside(material: &Material, missing: &[Missing]) -> Markup {
    let of = |value: fn(&Run) -> String| material.runs.iter().map(value).collect::<BTreeSet<String>>();
    let commits = of(|run| run.training.begin.provenance.commit.clone());
    let data = of(|run| run.training.begin.shards_sha256.clone());
    let built = of(|run| {
        let provenance = &run.training.begin.provenance;
        format!("burn {}, LibTorch {}", provenance.burn, provenance.libtorch)
    });
    let warnings = warnings(&commits, &data, missing);
    html! {
        @for warning in &warnings { p.warning role="note" { (warning) } }
        dl {
            dt { "Trained by" } @for commit in &commits { dd { "commit " code { (commit) } } }
            dt { "On" } @for machine in of(Run::measured_on) { dd { (machine) } }
            dt { "With" } @for engine in &built { dd { (engine) } }
            dt { "Data (sha256 of the manifest)" } @for sha256 in &data { dd { code { (sha256) } } }
            dt { "Runs" } dd { (material.runs.len()) " finished, " (missing.len()) " missing" }
        }
        @if !missing.is_empty() {
            ul { @for Missing { run, why } in missing { li { code { (run) } ": " (why) } } }
        }
        p.note { "Made by Fathom " (env!("CARGO_PKG_VERSION")) " from the runs' own records; the numbers of the test split \
                  were computed again from the predictions." }
    }
}

/// What makes runs hard to compare.
fn warnings(commits: &BTreeSet<String>, data: &BTreeSet<String>, missing: &[Missing]) -> Vec<String> {
    let dirty = commits.iter().any(|commit| commit.ends_with("-dirty"));
    [
        (commits.len() > 1).then(|| format!("The runs were trained by {} different commits.", commits.len())),
        dirty.then(|| "Some runs were trained by code that was not committed.".to_owned()),
        (data.len() > 1).then(|| format!("The runs were trained on {} different sets of shards.", data.len())),
        (!missing.is_empty()).then(|| format!("Missing runs, listed below: {}.", missing.len())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_commits_mixed_data_and_missing_runs_are_warnings() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        assert!(warnings(&set(&["a"]), &set(&["5a"]), &[]).is_empty());
        let missing = Missing { run: "1VA-s1".to_owned(), why: "not trained".to_owned() };
        let all = warnings(&set(&["a", "b-dirty"]), &set(&["5a", "5b"]), &[missing]);
        assert_eq!(all.len(), 4, "{all:?}");
    }
}
