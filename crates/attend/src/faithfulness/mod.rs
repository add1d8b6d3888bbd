//! Does weight say what the answer depends on? Tokens are taken away, those of most weight first, and the fall of the
//! predicted class's probability is measured: comprehensiveness (DeYoung et al. 2020, "ERASER", section 4).

mod curve;
mod deletion;
mod table;

use std::path::Path;

use anyhow::{Context, ensure};
use console::Progress;
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use records::Split;
use records::shards::{Example, Manifest};
use serde::Serialize;

use crate::change::cut_alike;
use crate::map::Map;
use crate::subject::Subject;
use crate::view::Lens;
use curve::Falls;

pub(crate) use table::table;

/// Shares of the tokens that are taken away.
pub(crate) const SHARES: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];

/// Orders drawn at random for each review; their falls are averaged.
const DRAWS: usize = 3;

/// What the choice of reviews, random orders and intervals are drawn from.
const SEED: u64 = 0;

/// Whose weights say which tokens go first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Way {
    /// A map, and its name.
    By(Map, String),
    /// Nobody's.
    Random,
}

/// What the test says of one model.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) run: String,
    pub(crate) reviews: usize,
    pub(crate) methods: Vec<Score>,
}

/// What it says of one method.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) method: Way,
    /// Mean fall of the probability at each of [`SHARES`].
    pub(crate) curve: Vec<f64>,
    /// Mean fall over all shares from 0 to the largest: the area above the curve over its width.
    pub(crate) area: f64,
    pub(crate) interval: [f64; 2],
    /// How much larger than random's, review by review, and its interval.
    pub(crate) over_random: Option<(f64, [f64; 2])>,
}

/// A line of JSON Lines.
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
/// The shards cannot be read, or are not those that a run was trained on.
pub(crate) fn of(lenses: &[Lens], shards: &Path, count: usize) -> anyhow::Result<Vec<Scores>> {
    let (manifest, sha256) = Manifest::read(shards).context("run `prep` first")?;
    for lens in lenses {
        let Subject { name, shards_sha256, tokenizer, .. } = &lens.subject;
        ensure!(
            shards_sha256.as_ref().is_none_or(|trained_on| *trained_on == sha256)
                && manifest.tokenizer_sha256 == tokenizer.sha256
                && cut_alike(&manifest.data, lens.subject.data()),
            "`{}` is not what `{name}` was trained on, or is cut otherwise; give its shards",
            shards.display()
        );
    }
    let examples = manifest.examples(shards, Split::Test)?;
    ensure!(examples.len() > 1, "`{}` has no test reviews", shards.display());
    let mut places = sample(&mut ChaCha8Rng::seed_from_u64(SEED), examples.len(), count.min(examples.len())).into_vec();
    places.sort_unstable();
    let chosen: Vec<&Example> = places.into_iter().map(|place| &examples[place]).collect();
    lenses.iter().map(|lens| scores(lens, &chosen)).collect()
}

fn scores(lens: &Lens, examples: &[&Example]) -> anyhow::Result<Scores> {
    let ways = ways(lens);
    let progress = Progress::new(examples.len() as u64, "reviews");
    progress.prefix(format!("{}: faithfulness", lens.subject.name));
    let mut falls = vec![Falls::default(); ways.len()];
    for (place, example) in examples.iter().enumerate() {
        let of_review = deletion::falls(lens, &ways, &example.input_ids, SEED + place as u64)?;
        falls.iter_mut().zip(of_review).for_each(|(all, of_review)| all.push(of_review));
        progress.add(1);
    }
    let random = falls.last().cloned().unwrap_or_default();
    let score = |(method, falls): (Way, Falls)| {
        let over_random = (method != Way::Random).then(|| falls.over(&random));
        Score { method, curve: falls.curve(), area: falls.area(), interval: falls.interval(), over_random }
    };
    let methods = ways.into_iter().zip(falls).map(score).collect();
    Ok(Scores { run: lens.subject.name.clone(), reviews: examples.len(), methods })
}

/// The attention that is shown, or that of the last block; then what goes through all blocks; random last.
fn ways(lens: &Lens) -> Vec<Way> {
    let subject = &lens.subject;
    let last = subject.blocks.len().checked_sub(1).map(|block| Map::Attention { block, head: None });
    let shown = lens.choice.map(subject).ok().filter(|map| matches!(map, Map::Attention { .. }));
    let rollout = last.map(|_| Map::Rollout);
    let gradients = [Map::GradientInput, Map::IntegratedGradients].into_iter().filter(|_| !lens.attention_only);
    let maps = shown.or(last).into_iter().chain(rollout).chain(gradients);
    let by = |map: Map| {
        let name = map.name(&subject.blocks);
        Way::By(map, if matches!(map, Map::Attention { .. }) { format!("attention, {name}") } else { name })
    };
    maps.map(by).chain([Way::Random]).collect()
}

impl Way {
    /// In words.
    pub(crate) fn name(&self) -> &str {
        match self {
            Way::By(_, name) => name,
            Way::Random => "random",
        }
    }
}

impl Scores {
    /// As JSON Lines.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.methods.iter().map(|score| Record {
            run: &self.run,
            method: score.method.name(),
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
