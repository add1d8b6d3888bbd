//! The learning curves that are drawn: of each depth the mean over its seeds, epoch by epoch.

use std::collections::BTreeMap;

use records::Split;

use super::Material;
use crate::format::blocks;
use crate::runs::Run;
use crate::verdict::{DepthResult, Verdict};

/// Accuracies of one epoch in per cent: the mean over the seeds that reached it, the worst and the best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub(super) epoch: u64,
    pub(super) mean: f64,
    pub(super) worst: f64,
    pub(super) best: f64,
}

/// One depth.
pub(super) struct Curves {
    pub(super) configuration: String,
    pub(super) name: String,
    pub(super) judged: Vec<Moment>,
    pub(super) train: Vec<Moment>,
    /// Of each seed the epoch it chose, and its accuracy there in per cent.
    pub(super) chosen: Vec<(u64, f64)>,
}

/// The split that all depths were scored on after each epoch: validation, or else test.
pub(super) fn judged_on(verdict: &Verdict) -> Option<Split> {
    let has = |split: Split| {
        let mut runs = verdict.depths.iter().flat_map(|depth| &depth.candidate.runs).peekable();
        runs.peek().is_some() && runs.all(|run| run.scored(split).next().is_some())
    };
    [Split::Validation, Split::Test].into_iter().find(|&split| has(split))
}

pub(super) fn curves(material: &Material, split: Split) -> Vec<Curves> {
    let knee = material.knee().map(|knee| knee.candidate.n_blocks());
    let of = |depth: &DepthResult| {
        let (n_blocks, runs) = (depth.candidate.n_blocks(), &depth.candidate.runs);
        let chosen = runs.iter().filter_map(|run| run.chosen(split));
        let chosen = chosen.map(|epoch| (epoch.epoch as u64, 100.0 * epoch.accuracy)).collect();
        let knee = if knee == Some(n_blocks) { ", knee" } else { "" };
        let configuration = depth.candidate.configuration().to_owned();
        let name = format!("{}{knee}: {configuration}", blocks(n_blocks));
        Curves { configuration, name, judged: moments(runs, split), train: moments(runs, Split::Train), chosen }
    };
    material.verdict.depths.iter().map(of).collect()
}

fn moments(runs: &[&Run], split: Split) -> Vec<Moment> {
    let mut epochs: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for epoch in runs.iter().flat_map(|run| run.scored(split)) {
        epochs.entry(epoch.epoch as u64).or_default().push(100.0 * epoch.accuracy);
    }
    let moment = |(epoch, seeds): (u64, Vec<f64>)| {
        let (worst, best) = (seeds.iter().copied().fold(100.0, f64::min), seeds.iter().copied().fold(0.0, f64::max));
        Moment { epoch, mean: statistics::mean(seeds.iter().copied()), worst, best }
    };
    epochs.into_iter().map(moment).collect()
}
