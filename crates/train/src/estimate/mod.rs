//! What a study is going to be: runs, epochs, tokens; and about how long and how large, from a short measurement here.

mod probe;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context;
use classifier::Definition;
use console::spoken_duration;
use records::Split;
use study::Configuration;

use crate::check::{self, Asked};
use crate::input::{Input, Places, Work};
use probe::Speeds;

/// Bytes of one prediction, one line of the file.
const BYTES_PER_PREDICTION: f64 = 110.0;

/// Copies of the parameters in one checkpoint: the model, and the optimizer's two moments.
const COPIES_PER_CHECKPOINT: usize = 3;

/// Checkpoints of a run in hand: the newest and the best.
const CHECKPOINTS: usize = 2;

/// One network of the study.
struct Network<'a> {
    configuration: &'a Configuration,
    definition: Definition,
}

impl Network<'_> {
    /// Networks of one kind differ in depth only.
    fn kind(&self) -> String {
        let Configuration { embeddings, head, precision, .. } = self.configuration;
        let table = if embeddings.kind == "pretrained" { "" } else { " on a table of its own" };
        format!("{}{table}, {}", head.kind, if *precision == study::Precision::Bf16 { "bf16" } else { "fp32" })
    }

    fn depth(&self) -> usize {
        self.definition.kept.len()
    }
}

/// Say on stdout what `configurations` are going to be.
pub(crate) fn print(configurations: &[Configuration], places: &Places<'_>) -> anyhow::Result<()> {
    let first = configurations.first().context("no configuration on stdin, so nothing to estimate")?;
    let (mut work, _) = Work::read(Configuration { weights: study::Weights::Random, ..first.clone() }, places)?;
    let networks = networks(configurations, &work)?;
    let mut said = amount(configurations, &networks, &work);
    let mut speeds: BTreeMap<String, Speeds> = BTreeMap::new();
    for network in measured(&networks) {
        work.configuration = network.configuration.clone();
        let input = Input::new(work, network.definition.clone(), places.device)?;
        let speed = probe::measure(&input)?;
        let (kind, depth, device) = (network.kind(), network.depth(), &input.engine.name);
        log::debug!("{kind}, {depth} blocks on {device}: {speed:?}");
        if speeds.is_empty() {
            writeln!(said, "device   {device}: {}, {} threads", input.engine.hardware, input.engine.threads)?;
        }
        speeds.entry(kind).or_default().0.insert(depth, speed);
        work = input.work;
    }
    said += &costs(&networks, &speeds, &work);
    std::io::stdout().lock().write_all(said.as_bytes()).context("writing stdout")
}

fn networks<'a>(configurations: &'a [Configuration], work: &Work) -> anyhow::Result<Vec<Network<'a>>> {
    let (classes, positions) = (work.manifest.labels.len(), work.manifest.data.max_seq_length);
    let mut networks = Vec::new();
    for configuration in configurations {
        if let Asked::Network(definition) = check::asked(configuration, &work.encoder, classes, positions)? {
            networks.push(Network { configuration, definition: *definition });
        }
    }
    Ok(networks)
}

/// Of each kind the shallowest and the deepest.
fn measured<'a, 'b>(networks: &'b [Network<'a>]) -> Vec<&'b Network<'a>> {
    let kinds: BTreeSet<String> = networks.iter().map(Network::kind).collect();
    let ends = |kind: &String| {
        let alike = || networks.iter().filter(|network| network.kind() == *kind);
        let ends = [alike().min_by_key(|network| network.depth()), alike().max_by_key(|network| network.depth())];
        let two = ends[0].map(Network::depth) != ends[1].map(Network::depth);
        ends.into_iter().flatten().take(if two { 2 } else { 1 }).collect::<Vec<_>>()
    };
    kinds.iter().flat_map(ends).collect()
}

fn tokens(work: &Work, splits: &[Split]) -> f64 {
    let of = |split| work.manifest.splits.get(split).map_or(0, |counts| counts.tokens);
    splits.iter().map(of).sum::<u64>() as f64
}

/// Runs, epochs and tokens: what needs no measurement.
fn amount(configurations: &[Configuration], networks: &[Network<'_>], work: &Work) -> String {
    let epochs: usize = networks.iter().map(|network| network.configuration.epochs).sum();
    let (train, scored) = (tokens(work, &[Split::Train]), tokens(work, &[Split::Validation, Split::Test]));
    let exact = match configurations.len() - networks.len() {
        0 => String::new(),
        n => format!("; {n} fitted exactly (TF-IDF, a minute or two on the processor)"),
    };
    let depths = || networks.iter().map(Network::depth);
    let (least, most) = (depths().min().unwrap_or(0), depths().max().unwrap_or(0));
    format!(
        "runs     {}: {} networks of {least} to {most} blocks, {epochs} epochs in all{exact}\n\
         reviews  {} to train on, {} to choose the epoch, {} to test\n\
         tokens   {:.1} M in an epoch of training, {:.1} M scored after it; {:.0} M in all\n",
        configurations.len(),
        networks.len(),
        work.train.len(),
        work.validation.len(),
        work.test.len(),
        train / 1e6,
        scored / 1e6,
        epochs as f64 * (train + scored) / 1e6,
    )
}

/// Time and disk.
fn costs(networks: &[Network<'_>], speeds: &BTreeMap<String, Speeds>, work: &Work) -> String {
    let (train, scored) = (tokens(work, &[Split::Train]), tokens(work, &[Split::Validation, Split::Test]));
    let (mut training, mut scoring, mut kept, mut passing) = (0.0, 0.0, 0.0, 0.0_f64);
    for network in networks {
        let Some(speed) = speeds.get(&network.kind()).and_then(|speeds| speeds.at(network.depth())) else { continue };
        let epochs = network.configuration.epochs as f64;
        training += epochs * train / speed.training;
        scoring += (epochs * scored + tokens(work, &[Split::Test])) / speed.scoring;
        let model = 4.0 * network.definition.parameters(&burn::tensor::Device::flex()) as f64;
        kept += model + BYTES_PER_PREDICTION * work.test.len() as f64;
        passing = passing.max(model * (CHECKPOINTS * COPIES_PER_CHECKPOINT) as f64);
    }
    let spoken = |seconds: f64| spoken_duration(seconds.max(1.0));
    format!(
        "time     about {} on this device: {} of training, {} of scoring (one run at a time; what is done is not repeated)\n\
         disk     about {:.1} GB of models and predictions, and {:.1} GB more for the checkpoints of the run in hand\n",
        spoken(training + scoring),
        spoken(training),
        spoken(scoring),
        kept / 1e9,
        passing / 1e9
    )
}
