//! The speed of a network on this device: one step on one batch, after one for warm-up.

use std::collections::BTreeMap;
use std::time::Instant;

use burn::module::Module;
use classifier::{fit, predict};

use crate::inputs::TrainingSetup;
use crate::learner::{Learner, RunningTotals};
use crate::optimizer::Recipe;
use crate::shuffle;

/// Upper bound on the tokens of a measured batch: on a CPU more of them take longer without changing the result.
const PROBE_TOKENS: usize = 4096;

/// Real tokens a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed {
    pub(crate) training: f64,
    pub(crate) scoring: f64,
}

/// The speeds of one kind of network by depth.
#[derive(Debug, Default)]
pub(crate) struct Speeds(pub(crate) BTreeMap<usize, Speed>);

impl Speeds {
    /// The speed at `depth`, by linear interpolation of the seconds per token.
    pub(crate) fn at(&self, depth: usize) -> Option<Speed> {
        let (below, above) = (self.0.range(..=depth).next_back(), self.0.range(depth..).next());
        let ((&low, slow), (&high, fast)) = (below.or(above)?, above.or(below)?);
        let share = if high == low { 0.0 } else { (depth as f64 - low as f64) / (high as f64 - low as f64) };
        let between = |a: f64, b: f64| 1.0 / ((1.0 - share) / a + share / b);
        Some(Speed { training: between(slow.training, fast.training), scoring: between(slow.scoring, fast.scoring) })
    }
}

/// Measure `input`'s network with random weights, without reading or writing a file.
pub(crate) fn measure(setup: &TrainingSetup) -> anyhow::Result<Speed> {
    let (inputs, device) = (&setup.inputs, setup.engine.device.clone());
    let model = setup.definition.random(inputs.configuration.seed, &device.clone().autodiff())?;
    let recipe = Recipe::new(&inputs.configuration, setup.definition.kept.len())?;
    let optimizer = recipe.optimizer();
    let mut learner = Learner::new(setup, recipe, model, optimizer);
    let typical = typical_batch(setup);
    let batch = learner.preparation().batch(&typical);
    let mut step = || {
        let (start, mut running) = (Instant::now(), RunningTotals::new(&device));
        learner.step(1, 2, &batch, &mut running)?;
        running.loss.into_scalar::<f32>(); // wait for the device
        anyhow::Ok(running.tokens as f64 / start.elapsed().as_secs_f64())
    };
    step()?;
    let training = step()?;
    learner.flush();
    let sequences: Vec<&[u32]> = typical.iter().map(|&index| inputs.train[index].input_ids.as_slice()).collect();
    let start = Instant::now();
    predict(&learner.model.valid(), &sequences, inputs.manifest.pad_token_id, &device, |_| {});
    let tokens: usize = sequences.iter().map(|ids| ids.len()).sum();
    Ok(Speed { training, scoring: tokens as f64 / start.elapsed().as_secs_f64() })
}

/// The batch of the first epoch whose mean length is closest to that of all examples; on a CPU it is cut to
/// [`PROBE_TOKENS`].
fn typical_batch(setup: &TrainingSetup) -> Vec<usize> {
    let inputs = &setup.inputs;
    let lengths: Vec<usize> = inputs.train.iter().map(|example| example.input_ids.len()).collect();
    let mean = |of: &[usize]| of.iter().map(|&index| lengths[index]).sum::<usize>() as f64 / of.len() as f64;
    let all = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
    let batches = shuffle::batches(&lengths, inputs.configuration.batch_size, inputs.configuration.seed, 1);
    let away = |batch: &Vec<usize>| (mean(batch) - all).abs();
    let mut batch = batches.into_iter().min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or_default();
    if !setup.engine.name.starts_with("cuda") {
        batch.truncate(fit(batch.iter().map(|&index| lengths[index]), PROBE_TOKENS));
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_per_token_are_interpolated_between_depths() {
        let speed = |training: f64| Speed { training, scoring: 2.0 * training };
        let speeds = Speeds([(1, speed(100.0)), (5, speed(20.0))].into());
        let at = |depth| speeds.at(depth).unwrap().training;
        assert_eq!((at(1), at(5)), (100.0, 20.0));
        assert!((1.0 / at(3) - 0.03).abs() < 1e-12, "{}", at(3)); // half-way from 0.01 to 0.05 seconds
        assert_eq!((at(0), at(12)), (100.0, 20.0)); // beyond them the next one counts
        assert_eq!(Speeds::default().at(1), None);
    }
}
