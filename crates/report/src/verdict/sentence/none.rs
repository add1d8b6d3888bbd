//! Why there is no verdict.

use study::Measure;

use super::place::blocks;
use super::scored;
use crate::measure::of_most_frequent;
use crate::runs;
use crate::verdict::candidates::Candidate;

/// Why these candidates give no verdict, if they do not; `compared`: each could be compared with the last.
pub(crate) fn no_verdict(candidates: &[Candidate], compared: bool, measure: Measure) -> Option<String> {
    let Some((full, others)) = candidates.split_last() else { return Some("no verdict: there is no run".to_owned()) };
    let named = |candidate: &Candidate| format!("{} (`{}`)", blocks(candidate.n_blocks()), candidate.configuration());
    if others.is_empty() {
        let head = full.head();
        return Some(format!(
            "no verdict: only one depth with head `{head}` here, {}: there is nothing to compare it with",
            named(full)
        ));
    }
    let lacking = candidates.iter().find(|candidate| candidate.runs.iter().any(|run| run.outcomes.is_none()));
    if let Some(candidate) = lacking {
        return Some(format!(
            "no verdict: {} has no predictions to pair: name run folders, or predict the test split with `evaluate`",
            named(candidate)
        ));
    }
    let data = &full.runs[0].training.begin.shards_sha256;
    let of_other = |candidate: &&Candidate| candidate.runs.iter().any(|run| run.training.begin.shards_sha256 != *data);
    if let Some(other) = candidates.iter().find(of_other) {
        return Some(format!(
            "no verdict: the runs of {} and of {} were not all trained on the same data",
            named(other),
            named(full)
        ));
    }
    if !compared {
        return Some(format!(
            "no verdict: not every depth was tested on the examples of {}: evaluate all of them on the same shards",
            named(full)
        ));
    }
    learnt_nothing(full, measure)
}

/// The full model is no better than its most frequent answer.
fn learnt_nothing(full: &Candidate, measure: Measure) -> Option<String> {
    let outcomes = full.runs[0].outcomes.as_ref()?;
    let most = of_most_frequent(measure, outcomes);
    let own = runs::measured(measure, &full.runs)?;
    (own <= most).then(|| {
        format!(
            "no verdict: the full model itself ({}, {}) is no better than always answering the most frequent class \
             ({:.2} %), so it has learnt nothing that fewer blocks could lose",
            blocks(full.n_blocks()),
            scored(measure, own),
            100.0 * most
        )
    })
}
