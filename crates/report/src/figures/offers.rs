//! What each configuration costs, beside its accuracy: the points of the Pareto figure.

use super::front::Offer;
use crate::costs::Costs;
use crate::runs::Run;
use crate::scores::Score;

/// One cost of all configurations that have it.
pub(super) struct Cost {
    pub(super) axis: &'static str,
    /// What the alternative text calls it, and its unit.
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) offers: Vec<Offer>,
}

/// Costs of each configuration, beside its score.
pub(super) type Known<'a> = Vec<(&'a Score, Costs)>;

pub(super) fn known<'a>(scores: &'a [Score], runs: &[Run]) -> Known<'a> {
    let of = |score: &'a Score| {
        let runs: Vec<&Run> =
            runs.iter().filter(|run| run.configuration().configuration == score.configuration).collect();
        (!runs.is_empty()).then(|| (score, Costs::of(&runs)))
    };
    scores.iter().filter_map(of).collect()
}

/// Of an answer where that was measured, else of a training pass.
pub(super) fn time(known: &Known) -> Cost {
    let answer = |costs: &Costs| costs.latency.as_ref().map(|latency| 1e3 * latency.p50_seconds);
    let (axis, name) = ("median time of one answer (ms)", "the time of one answer");
    if known.iter().any(|(_, costs)| answer(costs).is_some()) {
        return Cost { axis, name, unit: "ms", offers: offers(known, answer) };
    }
    let (axis, name) = ("time of one training epoch (s)", "the time of one training epoch");
    Cost { axis, name, unit: "s", offers: offers(known, |costs| costs.seconds_per_epoch) }
}

pub(super) fn size(known: &Known) -> Cost {
    let megabytes = |costs: &Costs| costs.model_bytes.map(|bytes| bytes as f64 / 1e6);
    Cost { axis: "size of the model (MB)", name: "model size", unit: "MB", offers: offers(known, megabytes) }
}

fn offers(known: &Known, cost: impl Fn(&Costs) -> Option<f64>) -> Vec<Offer> {
    let offer = |(score, costs): &(&Score, Costs)| {
        let cost = cost(costs).filter(|&cost| cost > 0.0)?;
        let accuracy = 100.0 * score.test_accuracy;
        Some(Offer { configuration: score.configuration.clone(), cost, accuracy })
    };
    known.iter().filter_map(offer).collect()
}

/// Whether times that stand beside each other were not measured on one machine.
pub(super) fn several_machines(known: &Known) -> bool {
    let answered: Vec<_> = known.iter().filter_map(|(_, costs)| costs.latency.as_ref()).collect();
    match answered.first() {
        Some(first) => answered.iter().any(|latency| {
            let (one, other) = (&first.provenance, &latency.provenance);
            (&one.device, &one.hardware, one.threads) != (&other.device, &other.hardware, other.threads)
        }),
        None => known.iter().any(|(_, costs)| costs.trained_on.is_none() || costs.trained_on != known[0].1.trained_on),
    }
}
