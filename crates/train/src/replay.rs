//! Whole optimizer steps that a GPU replays, one recording for each shape of batch.
//!
//! A batch is padded to its shape by a few sequences that nothing reads, and an example that a short batch lacks weighs
//! nothing. Where no recording serves, the step is computed anew.

mod shape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bert::{Layout, Precision, Words};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, activation};
use classifier::{Batch, HeadConfig, Model};
use fused::adamw::{Gradients, Optimizer, Plan};
use fused::replay::{Recorder, Recording, Slots};

use crate::input::Input;
use crate::optimizer::Recipe;
use crate::prepared::Prepared;
use shape::{DIAL, Shape};

/// Steps between two recordings: as long as the device takes for them, about, the processor takes for a recording. So it
/// costs no time.
const STEPS_PER_RECORDING: usize = 3;

/// That of the longest example is rounded up to a multiple of it, so that fillers are not too short to fill.
const POSITIONS: usize = 128;

/// Rows of fillers that a recording must save the batches to come.
const WORTH_RECORDING: usize = 16 * 1024;

/// The steps of a run that can be replayed.
pub(crate) struct Replays {
    steps: BTreeMap<Shape, Step>,
    /// The shapes of the batches to come.
    expected: VecDeque<Shape>,
    /// Steps since the last recording.
    since: usize,
    plan: Plan,
    /// How many layers are frozen; unknown before the first epoch.
    frozen: Option<usize>,
    /// Whether a step was computed anew since then: what recordings rely on is there.
    warm: bool,
    /// What has the device note steps; without it each is computed anew.
    recorder: Option<Recorder>,
    device: Device,
    batch_size: usize,
    /// Rows of any example, at most.
    longest: usize,
    pad_token_id: u32,
    #[cfg(test)]
    replayed: usize,
}

/// A step of one shape.
struct Step {
    slots: Slots,
    recording: Option<Recording<Outcome>>,
}

/// What a step tells, on the device.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The mean over the batch, `[1]`.
    pub(crate) loss: Tensor<1>,
    /// `[1]`
    pub(crate) correct: Tensor<1, Int>,
}

/// What a step changes, and how.
pub(crate) struct Learning<'a> {
    pub(crate) model: &'a Model,
    pub(crate) optimizer: &'a mut Optimizer,
    pub(crate) recipe: &'a Recipe,
    pub(crate) epoch: usize,
    /// On all rates.
    pub(crate) factor: f64,
}

impl Replays {
    /// None where the device does not replay, or where a step of `input` asks it for numbers on its way.
    pub(crate) fn new(input: &Input) -> Option<Self> {
        let (definition, configuration) = (&input.definition, &input.work.configuration);
        let reads_first_rows = matches!(definition.head, HeadConfig::ClsLinear(_)) && !definition.kept.is_empty();
        let serves = reads_first_rows
            && definition.precision == Precision::Bf16
            && configuration.gradient_accumulation_steps == 1
            && !input.eager;
        let recorder = serves.then(|| Recorder::new(&input.engine.device)).flatten()?;
        Some(Self::with(Some(recorder), input))
    }

    fn with(recorder: Option<Recorder>, input: &Input) -> Self {
        let work = &input.work;
        let longest = work.train.iter().map(|example| example.input_ids.len()).max().unwrap_or(1);
        Replays {
            steps: BTreeMap::new(),
            expected: VecDeque::new(),
            since: 0,
            plan: Plan::default(),
            frozen: None,
            warm: false,
            recorder,
            device: input.engine.device.clone(),
            batch_size: work.configuration.batch_size,
            longest: longest.next_multiple_of(POSITIONS),
            pad_token_id: work.manifest.pad_token_id,
            #[cfg(test)]
            replayed: 0,
        }
    }

    /// An epoch begins, in which so many layers are frozen and batches of these lengths come.
    pub(crate) fn begin(&mut self, frozen: usize, batches: impl Iterator<Item = Vec<usize>>) {
        if self.frozen.replace(frozen) != Some(frozen) {
            self.steps.clear();
            self.warm = false;
        }
        self.expected = batches.map(|lengths| self.shape(&lengths)).collect();
    }

    fn shape(&self, lengths: &[usize]) -> Shape {
        Shape::of(lengths, self.longest, self.batch_size)
    }

    /// A step was computed anew.
    pub(crate) fn warm_up(&mut self) {
        self.warm = true;
    }

    /// One step on `batch`, the next of those to come; none, and nothing done, if it is to be computed anew.
    ///
    /// # Panics
    /// As LibTorch does if there is not enough memory to record it; then nothing has changed.
    pub(crate) fn step(&mut self, batch: &Prepared, learning: Learning<'_>) -> Option<Outcome> {
        let lengths = batch.assembled.layout().lengths();
        let own = self.shape(&lengths);
        if self.warm {
            self.record(own, &learning);
        }
        self.expected.pop_front();
        let (&shape, step) = self.steps.iter().find(|(shape, _)| shape.covers(own))?;
        let filled = shape.filled(&lengths)?;
        #[cfg(test)]
        (self.replayed += 1);
        self.since += 1;
        let dial = learning.optimizer.advance(&self.plan, learning.factor);
        step.slots.fill(&shape.words(batch, &filled, self.pad_token_id, &dial));
        Some(match &step.recording {
            Some(recording) => recording.replay().clone(),
            None => computed(shape, &step.slots, &Layout::tight(&filled), &self.plan, &learning),
        })
    }

    /// Record what is to be recorded before a step on a batch of the shape `own`: the largest shape first, whose memory all
    /// others share, then `own` if nothing takes it, otherwise now and then what saves most.
    fn record(&mut self, own: Shape, learning: &Learning<'_>) {
        if self.steps.is_empty() {
            fused::release_memory();
            self.plan = learning.plan();
            if self.plan.groups() > DIAL {
                return;
            }
            let largest = self.expected.iter().copied().max().unwrap_or(own);
            self.record_one(largest.max(own), learning);
        }
        if !self.steps.keys().any(|shape| shape.covers(own)) {
            self.record_one(own, learning);
        } else if self.since >= STEPS_PER_RECORDING
            && let Some(shape) = self.most_saving()
        {
            self.record_one(shape, learning);
        }
    }

    /// The shape of one of the batches to come whose recording saves them most rows, if that is worth it.
    fn most_saving(&self) -> Option<Shape> {
        let taker = |own: Shape| self.steps.keys().find(move |shape| shape.covers(own));
        let mut kinds: BTreeMap<Shape, usize> = BTreeMap::new();
        self.expected.iter().for_each(|&own| *kinds.entry(own).or_default() += 1);
        let saved_by = |shape: Shape| {
            let covered = kinds.range(..=shape).filter(|(own, _)| shape.covers(**own));
            let of_kind = |(&own, count): (&Shape, &usize)| {
                count * taker(own).map_or(0, |now| now.rows.saturating_sub(shape.rows))
            };
            covered.map(of_kind).sum::<usize>()
        };
        let (saved, shape) = kinds.keys().map(|&shape| (saved_by(shape), shape)).max()?;
        (saved >= WORTH_RECORDING).then_some(shape)
    }

    fn record_one(&mut self, shape: Shape, learning: &Learning<'_>) {
        let Some(slots) = Slots::new(shape.places().end, &self.device) else { return };
        let (layout, plan) = (Layout::tight(&shape.widest()), &self.plan);
        let noted = |recorder: &mut Recorder| recorder.record(|| computed(shape, &slots, &layout, plan, learning));
        let recording = self.recorder.as_mut().map(noted);
        self.steps.insert(shape, Step { slots, recording });
        self.since = 0;
        log::debug!("a step on {} rows is recorded", shape.rows);
    }
}

impl Learning<'_> {
    fn plan(&self) -> Plan {
        self.optimizer.plan(self.model, |path| self.recipe.group(path, self.epoch, 1.0))
    }
}

/// The step on what `slots` hold, whose sequences lie as `layout` says or, where the device knows how, as `slots` do.
fn computed(shape: Shape, slots: &Slots, layout: &Layout, plan: &Plan, learning: &Learning<'_>) -> Outcome {
    let places = shape.places();
    let tracked = |words| Tensor::from_inner(slots.ints(words));
    let (input_ids, positions) = (tracked(places.input_ids), tracked(places.positions));
    let layout = Arc::new(layout.clone());
    let batch = Batch { words: Words::Ids(input_ids), positions, layout: layout.clone(), tokens: shape.rows };
    slots.with_starts(places.starts, &layout, || {
        let logits = learning.model.forward(&batch).narrow(0, 0, shape.batch_size);
        let weights = Tensor::from_inner(slots.floats(places.weights, shape.batch_size));
        let (outcome, loss) = outcome(logits, tracked(places.labels), weights);
        let mut found = loss.backward();
        let gradients = Gradients::from(GradientsParams::from_module(&mut found, learning.model));
        let gradients = gradients.clipped(learning.recipe.clip_norm);
        learning.optimizer.told_step(learning.model, gradients, plan, slots.floats(0..DIAL, 2 * DIAL));
        outcome
    })
}

/// The weighted sum of the cross entropies, also with autodiff.
///
/// # Shapes
/// - `logits`: `[B, C]`
/// - `labels`, `weights`: `[B]`; what weighs nothing is not there
fn outcome(logits: Tensor<2>, labels: Tensor<1, Int>, weights: Tensor<1>) -> (Outcome, Tensor<1>) {
    let of_labels = activation::log_softmax(logits.clone(), 1).gather(1, labels.clone().unsqueeze_dim(1));
    let loss = (of_labels.squeeze_dim(1) * weights.clone()).sum().neg();
    let count = weights.dims()[0];
    let right = logits.inner().argmax(1).reshape([count]).equal(labels.inner()).int();
    let correct = (right * weights.inner().greater_elem(0.0).int()).sum();
    (Outcome { loss: loss.clone().inner(), correct }, loss)
}
