//! Test whether the answer depends on the tokens with the largest weights: remove them, and measure how far the predicted
//! class's probability falls. This is comprehensiveness (DeYoung et al. 2020, "ERASER", section 4).

mod curve;
mod deletion;
mod table;

use std::path::Path;

use anyhow::ensure;
use console::Progress;
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use records::Split;
use records::shards::{Example, Manifest};
use serde::Serialize;

use crate::baseline::truncate_alike;
use crate::method::Method;
use crate::model::Model;
use crate::view::Viewer;
use curve::Falls;

pub(crate) use table::table;

/// Shares of the tokens that are removed.
pub(crate) const SHARES: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];

/// Random orders for each review; their falls are averaged.
const DRAWS: usize = 3;

/// Seed of the choice of reviews, of the random orders and of the intervals.
const SEED: u64 = 0;

/// The order in which tokens are removed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    /// By the weights of a method, with the method's name.
    By(Method, String),
    /// At random.
    Random,
}

/// The results of one model.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) run: String,
    pub(crate) reviews: usize,
    pub(crate) methods: Vec<Score>,
}

/// The result of one method.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) order: Order,
    /// Mean fall of the probability at each of [`SHARES`].
    pub(crate) curve: Vec<f64>,
    /// Mean fall over all shares from 0 to the largest: the area under the falls over its width.
    pub(crate) area: f64,
    pub(crate) interval: [f64; 2],
    /// Mean difference to random's area, review by review, and its interval.
    pub(crate) over_random: Option<(f64, [f64; 2])>,
}

/// A line of `--format jsonl`.
#[derive(Serialize)]
#[serde(tag = "type", rename = "faithfulness")]
pub(crate) struct Record<'a> {
    run: &'a str,
    method: &'a str,
    reviews: usize,
    shares: [f64; 5],
    falls: &'a [f64],
    area: f64,
    interval: [f64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    over_random: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    over_random_interval: Option<[f64; 2]>,
}

/// Test each model on the same `count` test reviews of `shards`, drawn with a fixed seed.
///
/// # Errors
/// The shards cannot be read, or differ from those that a run was trained on.
pub(crate) fn test(viewers: &[Viewer], shards: &Path, count: usize) -> anyhow::Result<Vec<Scores>> {
    let (manifest, sha256) = Manifest::read(shards)?;
    for viewer in viewers {
        let Model { name, shards_sha256, tokenizer, .. } = &viewer.model;
        ensure!(
            shards_sha256.as_ref().is_none_or(|trained_on| *trained_on == sha256)
                && manifest.tokenizer_sha256 == tokenizer.sha256
                && truncate_alike(&manifest.data, viewer.model.data()),
            "`{}` differs from the shards that `{name}` was trained on; name those with --shards",
            shards.display()
        );
    }
    let examples = manifest.examples(shards, Split::Test)?;
    ensure!(examples.len() > 1, "`{}` has no test reviews", shards.display());
    let mut places = sample(&mut ChaCha8Rng::seed_from_u64(SEED), examples.len(), count.min(examples.len())).into_vec();
    places.sort_unstable();
    let chosen: Vec<&Example> = places.into_iter().map(|place| &examples[place]).collect();
    viewers.iter().map(|viewer| scores(viewer, &chosen)).collect()
}

fn scores(viewer: &Viewer, examples: &[&Example]) -> anyhow::Result<Scores> {
    let orders = orders(viewer);
    let progress = Progress::new(examples.len() as u64, "reviews");
    progress.prefix(format!("{}: faithfulness", viewer.model.name));
    let mut falls = vec![Falls::default(); orders.len()];
    for (place, example) in examples.iter().enumerate() {
        let of_review = deletion::falls(viewer, &orders, &example.input_ids, SEED + place as u64)?;
        falls.iter_mut().zip(of_review).for_each(|(all, of_review)| all.push(of_review));
        progress.add(1);
    }
    let random = falls.last().cloned().unwrap_or_default();
    let score = |(order, falls): (Order, Falls)| {
        let over_random = (order != Order::Random).then(|| falls.over(&random));
        Score { order, curve: falls.curve(), area: falls.area(), interval: falls.interval(), over_random }
    };
    let methods = orders.into_iter().zip(falls).map(score).collect();
    Ok(Scores { run: viewer.model.name.clone(), reviews: examples.len(), methods })
}

/// The chosen attention or that of the last block, rollout, gradients, and random last.
fn orders(viewer: &Viewer) -> Vec<Order> {
    let model = &viewer.model;
    let last = model.blocks.len().checked_sub(1).map(|block| Method::Attention { block, head: None });
    let shown = viewer.choice.method(model).ok().filter(|method| matches!(method, Method::Attention { .. }));
    let rollout = last.map(|_| Method::Rollout);
    let gradients = [Method::GradientInput, Method::IntegratedGradients].into_iter().filter(|_| !viewer.attention_only);
    let methods = shown.or(last).into_iter().chain(rollout).chain(gradients);
    let by = |method: Method| {
        let name = method.name(&model.blocks);
        Order::By(method, if matches!(method, Method::Attention { .. }) { format!("attention, {name}") } else { name })
    };
    methods.map(by).chain([Order::Random]).collect()
}

impl Order {
    /// Name for a reader.
    pub(crate) fn name(&self) -> &str {
        match self {
            Order::By(_, name) => name,
            Order::Random => "random",
        }
    }
}

impl Scores {
    /// The lines of `--format jsonl`.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.methods.iter().map(|score| Record {
            run: &self.run,
            method: score.order.name(),
            reviews: self.reviews,
            shares: SHARES,
            falls: &score.curve,
            area: score.area,
            interval: score.interval,
            over_random: score.over_random.map(|(more, _)| more),
            over_random_interval: score.over_random.map(|(_, interval)| interval),
        })
    }
}

/// Name for a reader of the interval of a difference to random.
pub(crate) fn verdict([low, high]: [f64; 2]) -> &'static str {
    match (low > 0.0, high < 0.0) {
        (true, _) => "better than random",
        (_, true) => "worse than random",
        _ => "not distinguishable from random",
    }
}
