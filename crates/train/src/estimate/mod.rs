//! The size of a study (runs, epochs, tokens), and its time and disk space by a short measurement on this device.

mod probe;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context;
use burn::tensor::Device;
use classifier::Definition;
use console::format_duration;
use records::Split;
use study::Configuration;

use crate::check::{self, Checked};
use crate::inputs::{Paths, RunInputs, TrainingSetup};
use probe::{Speed, Speeds};

/// Bytes of one prediction in its file.
const BYTES_PER_PREDICTION: f64 = 110.0;

/// Copies of the parameters in one checkpoint: the model, and the optimizer's two moments.
const COPIES_PER_CHECKPOINT: usize = 3;

/// Checkpoints of the current run: the newest, the best, and the one being written.
const CHECKPOINTS: usize = 3;

/// One network of the study.
struct Network<'a> {
    configuration: &'a Configuration,
    definition: Definition,
}

impl Network<'_> {
    /// The settings that affect the speed, besides depth and batch.
    fn kind(&self) -> String {
        let Configuration { embeddings, head, precision, encoder_dropout, .. } = self.configuration;
        let (embeddings, head) = (embeddings.to_value(), head.to_value());
        format!("{head} on embeddings {embeddings}, {precision:?}, dropout {encoder_dropout}")
    }

    fn depth(&self) -> usize {
        self.definition.kept.len()
    }

    /// Bytes of its parameters in fp32.
    fn bytes(&self) -> f64 {
        4.0 * self.definition.parameters(&Device::flex()) as f64
    }
}

/// Data volume: the tokens of each split, and the number of test examples.
struct Volume {
    train: f64,
    validation: f64,
    test: f64,
    n_test: usize,
}

impl Volume {
    fn of(inputs: &RunInputs) -> Self {
        let tokens = |split| inputs.manifest.splits.get(&split).map_or(0, |counts| counts.tokens) as f64;
        let [train, validation, test] = [Split::Train, Split::Validation, Split::Test].map(tokens);
        Volume { train, validation, test, n_test: inputs.test.len() }
    }
}

/// Print the size and the costs of `configurations` on stdout.
pub(crate) fn print(configurations: &[Configuration], paths: &Paths<'_>) -> anyhow::Result<()> {
    let first = configurations
        .first()
        .context("no configuration to estimate; pipe some in with `plan STUDY | train --estimate --config - …`")?;
    let (mut inputs, _) = RunInputs::read(Configuration { weights: study::Weights::Random, ..first.clone() }, paths)?;
    let networks = networks(configurations, &inputs)?;
    let mut text = amount(configurations, &networks, &inputs);
    let mut speeds: BTreeMap<String, Speeds> = BTreeMap::new();
    for network in measured(&networks) {
        inputs.configuration = network.configuration.clone();
        let setup = TrainingSetup::new(inputs, network.definition.clone(), paths)?;
        let speed = probe::measure(&setup)?;
        let (kind, depth, device) = (network.kind(), network.depth(), &setup.engine.name);
        log::debug!("{kind}, {depth} blocks on {device}: {speed:?}");
        if speeds.is_empty() {
            writeln!(text, "device   {device}: {}", setup.engine.hardware_and_threads())?;
        }
        speeds.entry(kind).or_default().0.insert(depth, speed);
        inputs = setup.inputs;
    }
    if !networks.is_empty() {
        text += &costs(&networks, &speeds, &Volume::of(&inputs));
    }
    std::io::stdout().lock().write_all(text.as_bytes()).context("writing stdout")
}

fn networks<'a>(configurations: &'a [Configuration], inputs: &RunInputs) -> anyhow::Result<Vec<Network<'a>>> {
    let (classes, positions) = (inputs.manifest.labels.len(), inputs.manifest.data.max_seq_length);
    let mut networks = Vec::new();
    for configuration in configurations {
        if let Checked::Network(definition) = check::model(configuration, &inputs.encoder, classes, positions)? {
            networks.push(Network { configuration, definition: *definition });
        }
    }
    Ok(networks)
}

/// The shallowest and the deepest network of each kind.
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

/// Runs, epochs and tokens, which need no measurement.
fn amount(configurations: &[Configuration], networks: &[Network<'_>], inputs: &RunInputs) -> String {
    let exact = match configurations.len() - networks.len() {
        0 => String::new(),
        n => format!("{n} TF-IDF, fitted exactly in a minute or two on the CPU"),
    };
    let runs = [(!networks.is_empty()).then(|| trained(networks)), (!exact.is_empty()).then_some(exact)];
    let volume = Volume::of(inputs);
    format!(
        "runs     {}: {}\n\
         reviews  {} to train on, {} to choose the epoch, {} to test\n\
         tokens   {} in each epoch of training, {} scored after it\n",
        configurations.len(),
        runs.into_iter().flatten().collect::<Vec<_>>().join("; "),
        inputs.train.len(),
        inputs.validation.len(),
        volume.n_test,
        millions(volume.train),
        millions(volume.validation + volume.test),
    )
}

fn millions(tokens: f64) -> String {
    if tokens < 1e6 { format!("{:.0} thousand", tokens / 1e3) } else { format!("{:.1} million", tokens / 1e6) }
}

fn trained(networks: &[Network<'_>]) -> String {
    let epochs: usize = networks.iter().map(|network| network.configuration.epochs).sum();
    let depths = || networks.iter().map(Network::depth);
    let (least, most) = (depths().min().unwrap_or(0), depths().max().unwrap_or(0));
    format!("{} networks of {least} to {most} blocks, {epochs} epochs in all", networks.len())
}

/// Seconds of training and of scoring: every epoch scores validation and test, and `evaluate` scores test once more.
fn seconds(network: &Network<'_>, speed: Speed, volume: &Volume) -> (f64, f64) {
    let epochs = network.configuration.epochs as f64;
    let scored = epochs * (volume.validation + volume.test) + volume.test;
    (epochs * volume.train / speed.training, scored / speed.scoring)
}

/// Time and disk.
fn costs(networks: &[Network<'_>], speeds: &BTreeMap<String, Speeds>, volume: &Volume) -> String {
    let (mut training, mut scoring, mut kept, mut passing) = (0.0, 0.0, 0.0, 0.0_f64);
    for network in networks {
        let Some(speed) = speeds.get(&network.kind()).and_then(|speeds| speeds.at(network.depth())) else { continue };
        let (trained, scored) = seconds(network, speed, volume);
        (training, scoring) = (training + trained, scoring + scored);
        kept += network.bytes() + BYTES_PER_PREDICTION * volume.n_test as f64;
        passing = passing.max(network.bytes() * (CHECKPOINTS * COPIES_PER_CHECKPOINT) as f64);
    }
    let duration = |seconds: f64| format_duration(seconds.max(1.0));
    format!(
        "time     about {} on this device, one run at a time: {} of training, {} of scoring\n\
         disk     about {} of models and predictions, and {} more for the checkpoints of the current run\n",
        duration(training + scoring),
        duration(training),
        duration(scoring),
        size(kept),
        size(passing)
    )
}

fn size(bytes: f64) -> String {
    if bytes < 1e9 { format!("{:.0} MB", bytes / 1e6) } else { format!("{:.1} GB", bytes / 1e9) }
}

#[cfg(test)]
mod tests;
