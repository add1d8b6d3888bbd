//! The recipe: the optimizer with the study's three parameter groups, and the changes of the rates.

use anyhow::{Context, ensure};
use bert::Role;
use classifier::inside_name;
use fused::adamw::{Betas, Group, Optimizer};
use serde::Deserialize;
use study::{Component, Configuration, Freeze, with_nearest};

use crate::schedule::Schedule;

/// An optimizer in a study file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Kind {
    Adamw(Adamw),
    Adam(Adam),
}

/// AdamW (Loshchilov & Hutter 2019). Weight decay applies to the encoder's matrices, not to biases, LayerNorms and new
/// layers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Adamw {
    encoder_learning_rate: f64,
    head_learning_rate: f64,
    #[serde(default = "hundredth")]
    weight_decay: f64,
    /// Factor on the rate from each layer to the one below; the top block and the pooler have the full rate.
    #[serde(default = "one")]
    layer_decay: f64,
    #[serde(default = "hundred_millionth")]
    epsilon: f64,
    #[serde(default = "betas")]
    betas: [f64; 2],
}

/// Plain Adam (Kingma & Ba 2015): one rate for all parameters, no decay.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Adam {
    learning_rate: f64,
    #[serde(default = "hundred_millionth")]
    epsilon: f64,
    #[serde(default = "betas")]
    betas: [f64; 2],
}

fn one() -> f64 {
    1.0
}

fn hundredth() -> f64 {
    0.01
}

fn hundred_millionth() -> f64 {
    1e-8
}

fn betas() -> [f64; 2] {
    [0.9, 0.999]
}

/// The settings of learning in a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recipe {
    numbers: Adamw,
    schedule: Schedule,
    freeze: Freeze,
    /// K
    depth: usize,
    pub(crate) clip_norm: Option<f64>,
}

impl Recipe {
    /// The recipe of `configuration`, which keeps `depth` blocks.
    pub(crate) fn new(configuration: &Configuration, depth: usize) -> anyhow::Result<Self> {
        let schedule = Schedule::new(&configuration.schedule).map_err(anyhow::Error::msg)?;
        let numbers = numbers(&configuration.optimizer)?;
        numbers.check()?;
        Ok(Recipe {
            numbers,
            schedule,
            freeze: configuration.freeze,
            depth,
            clip_norm: configuration.gradient_clip_norm,
        })
    }

    /// A new optimizer.
    pub(crate) fn optimizer(&self) -> Optimizer {
        let Adamw { betas: [beta_1, beta_2], epsilon, .. } = self.numbers;
        Optimizer::new(Betas { beta_1, beta_2, epsilon })
    }

    /// The factor on all rates of the step after `taken` of `total`.
    pub(crate) fn factor(&self, taken: usize, total: usize) -> f64 {
        self.schedule.factor(taken, total)
    }

    /// The learning rates times `factor`, for a reader.
    pub(crate) fn describe_rates(&self, factor: f64) -> String {
        let Adamw { encoder_learning_rate, head_learning_rate, .. } = self.numbers;
        let [encoder, head] = [encoder_learning_rate, head_learning_rate].map(|rate| factor * rate);
        format!("learning rates of {encoder:.1e} (encoder) and {head:.1e} (head)")
    }

    /// Number of frozen layers in `epoch`, from the input on; the embedding layer is the first.
    pub(crate) fn frozen_layers(&self, epoch: usize) -> usize {
        match (epoch <= self.freeze.embeddings, epoch <= self.freeze.blocks) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 1 + self.depth,
        }
    }

    /// The group of the parameter at `path` in `epoch`, with its rate times `factor`; `None` if it is frozen.
    pub(crate) fn group(&self, path: &str, epoch: usize, factor: f64) -> Option<Group> {
        let name = inside_name(path, |block| block);
        let (below, frozen) = match Role::of(&name) {
            Role::Head => {
                return Some(Group { learning_rate: factor * self.numbers.head_learning_rate, weight_decay: 0.0 });
            }
            Role::Embeddings => (self.depth, self.freeze.embeddings),
            Role::Block(index) => (self.depth - 1 - index, self.freeze.blocks),
            Role::Pooler | Role::Unknown => (0, 0),
        };
        let decays = !["bias", "LayerNorm.weight"].iter().any(|end| name.ends_with(end));
        let learning_rate = self.numbers.encoder_learning_rate * self.numbers.layer_decay.powi(below as i32);
        let weight_decay = if decays { self.numbers.weight_decay } else { 0.0 };
        (epoch > frozen).then_some(Group { learning_rate: factor * learning_rate, weight_decay })
    }
}

fn numbers(component: &Component) -> anyhow::Result<Adamw> {
    let value = component.to_value();
    let kind: Kind = serde_json::from_value(value).map_err(|e| {
        let message = e.to_string().replace("unknown variant", "unknown kind");
        anyhow::Error::msg(with_nearest(format!("optimizer: {message}")))
    })?;
    Ok(match kind {
        Kind::Adamw(adamw) => adamw,
        Kind::Adam(Adam { learning_rate, epsilon, betas }) => Adamw {
            encoder_learning_rate: learning_rate,
            head_learning_rate: learning_rate,
            weight_decay: 0.0,
            layer_decay: 1.0,
            epsilon,
            betas,
        },
    })
}

impl Adamw {
    fn check(&self) -> anyhow::Result<()> {
        for (name, rate) in [
            ("encoder_learning_rate", self.encoder_learning_rate),
            ("head_learning_rate", self.head_learning_rate),
            ("weight_decay", self.weight_decay),
            ("betas", self.betas[0]),
            ("betas", self.betas[1]),
        ] {
            ensure!((0.0..1.0).contains(&rate), "optimizer: `{name}` must be at least 0 and below 1");
        }
        let above = |number: f64, what| (number > 0.0 && number <= 1.0).then_some(()).context(what);
        above(self.epsilon, "optimizer: `epsilon` must be above 0 and at most 1")?;
        above(self.layer_decay, "optimizer: `layer_decay` must be above 0 and at most 1")
    }
}

#[cfg(test)]
mod tests;
